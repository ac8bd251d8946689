// Two local times become two exact ones in the address, so that a copied link means the same elsewhere.

export function attach(form) {
  const submitted = (event) => {
    event.preventDefault();
    const data = new FormData(form);
    for (const name of ["start", "end"]) {
      const at = new Date(data.get(name));
      if (Number.isNaN(at.getTime())) return;
      data.set(name, `${at.toISOString().slice(0, 19)}Z`);
    }
    window.location.search = new URLSearchParams(data).toString();
  };
  form.addEventListener("submit", submitted);
  return () => form.removeEventListener("submit", submitted);
}
