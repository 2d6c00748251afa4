// The few things every view does with elements.

/** The element with that id; a missing one is a mistake in the template, so it throws. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return element;
}

/** A new element with a class and children (texts or elements); text is never parsed as HTML. */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Change the text only if it differs: an untouched node costs no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Run the callback once per frame however often it is asked for; hidden tabs run it when they are seen again. */
export function oncePerFrame(callback) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      callback();
    });
  };
}

/** Call now and then every so many milliseconds, but not while nobody looks at the page. */
export function whileVisible(milliseconds, callback) {
  const run = () => document.hidden || callback();
  run();
  setInterval(run, milliseconds);
  document.addEventListener("visibilitychange", run);
}
