// A form whose act cannot be undone: data-dialog names the dialog that asks first; its [value="yes"] button lets it go.

export function attach(form) {
  const dialog = document.getElementById(form.dataset.dialog);

  const submitted = (event) => {
    if (dialog.returnValue === "yes") return;
    event.preventDefault();
    dialog.showModal();
  };
  const closed = () => {
    if (dialog.returnValue === "yes") form.requestSubmit();
  };
  form.addEventListener("submit", submitted);
  dialog.addEventListener("close", closed);
  return () => {
    form.removeEventListener("submit", submitted);
    dialog.removeEventListener("close", closed);
  };
}
