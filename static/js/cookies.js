// What the server needs to know to draw a page without a jump: theme, rail, zone. Nothing secret, no sign to escape.

export function remember(name, value) {
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
