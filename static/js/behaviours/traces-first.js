// A page that waits for the first trace: looks again when something arrived.

export function attach() {
  let timer = 0;
  const look = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => window.location.reload(), 500);
  };
  document.addEventListener("ecoa:hint", look);
  return () => {
    window.clearTimeout(timer);
    document.removeEventListener("ecoa:hint", look);
  };
}
