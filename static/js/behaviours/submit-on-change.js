// A choice that takes effect at once.

export function attach(control) {
  const changed = () => control.form.requestSubmit();
  control.addEventListener("change", changed);
  return () => control.removeEventListener("change", changed);
}
