// Before the first paint: the theme chosen here earlier, else the system's.
document.documentElement.dataset.theme =
  localStorage.getItem("bourse.theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
