// What the pages do better with JavaScript. Without it they lack only this.
"use strict";

function offerCopy(box) {
  const field = box.querySelector("input");
  const button = box.querySelector("button");
  const told = box.querySelector("[role=status]");
  field.addEventListener("focus", () => field.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    told.textContent = (await copied(field)) ? "Copied." : "Press and hold the link to copy it.";
  });
}

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select();
    return document.execCommand("copy"); // Pages without TLS have no other clipboard.
  }
}

// A page from the back-forward cache shows an old room.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.querySelectorAll("[data-copy]").forEach(offerCopy);
