// What the pages do better with JavaScript. Without it they lack only this.
"use strict";

// The server says how many seconds are left; this device's clock may be wrong, so only the time
// that has passed since then is taken from it.
function countDown(box) {
  const clock = box.querySelector("[data-clock]");
  const spoken = box.querySelector("[data-spoken]");
  const started = Date.now();
  const atStart = Number(box.dataset.secondsLeft);
  let said = "";

  function tick() {
    const left = Math.max(0, atStart - Math.floor((Date.now() - started) / 1000));
    clock.textContent = asClock(left);
    const words = asWords(left);
    if (words !== said) {
      said = words;
      spoken.textContent = `${words} left`;
    }
    if (left === 0) {
      clearInterval(timer);
      reloadIn(3);
    }
  }

  box.querySelector("[data-with-clock]").hidden = false;
  box.querySelector("[data-without-clock]").hidden = true;
  const timer = setInterval(tick, 1000);
  tick();
}

function asClock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const rest = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days ? `${days} d ${rest}` : rest;
}

// For screen readers, who are not told every second: hours, then minutes, then the last of them.
function asWords(seconds) {
  const many = (number, unit) => `${number} ${unit}${number === 1 ? "" : "s"}`;
  if (seconds >= 7200) return many(Math.floor(seconds / 3600), "hour");
  if (seconds >= 600) return many(Math.floor(seconds / 600) * 10, "minute");
  if (seconds >= 60) return many(Math.floor(seconds / 60), "minute");
  return "less than a minute";
}

// Not everybody in the same instant: a popular room has many onlookers.
function reloadIn(seconds) {
  setTimeout(() => location.reload(), (seconds + Math.random() * 3) * 1000);
}

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

document.querySelectorAll("[data-seconds-left]").forEach(countDown);
document.querySelectorAll("[data-copy]").forEach(offerCopy);
document.querySelectorAll("[data-reload-in]").forEach((box) => reloadIn(Number(box.dataset.reloadIn)));
