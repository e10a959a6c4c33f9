// A group that others join while one looks: pushed by the server, or asked for every few seconds.
// The server draws what it looks like; here it is only put in place. Without JavaScript the page
// looks again by itself.
"use strict";

const live = document.querySelector("[data-live]");
const line = document.querySelector("[data-line]");
const said = document.querySelector("[data-said]");

const POLL_SECONDS = 5;
const POLL_MOST_SECONDS = 60;
const SILENT_SECONDS = 45; // the server says something every 15
const STREAM_AGAIN_SECONDS = 60;

let stream = null;
let heardAt = 0;
let failures = 0;
let etag = "";
let pollTimer = 0;
let clockTimer = 0;
let endsAt = 0; // on `performance.now()`, which no change of this device's clock moves

function state() {
  return live.querySelector("[data-state]");
}

function isOver() {
  return !["pending", "open", "full", "sold_out", "paused", "closing"].includes(state().dataset.state);
}

// --- what is shown ---

function show(html) {
  live.innerHTML = html;
  settle();
}

function settle() {
  const now = state();
  const canJoin = now.dataset.canJoin === "yes";
  const focused = document.activeElement;
  document.querySelectorAll("[data-when]").forEach((box) => {
    box.hidden = (box.dataset.when === "open") !== canJoin;
  });
  document.querySelectorAll("[data-while]").forEach((box) => {
    box.hidden = now.dataset.toShare !== "yes";
  });
  if (focused && focused.closest("[hidden]")) live.querySelector("h2").focus();
  if (said.dataset.said && said.dataset.said !== now.dataset.saidAs) said.textContent = now.dataset.saidAs;
  said.dataset.said = now.dataset.saidAs;
  if (now.dataset.secondsLeft) countFrom(Number(now.dataset.secondsLeft));
  if (isOver()) stop();
}

function tell(words) {
  line.hidden = !words;
  line.textContent = words;
}

// --- the countdown: how much is left is the server's word, only what passes is measured here ---

function countFrom(seconds) {
  endsAt = performance.now() + seconds * 1000;
  clearInterval(clockTimer);
  const box = live.querySelector("[data-with-clock]");
  if (!box) return;
  box.hidden = false;
  live.querySelector("[data-without-clock]").hidden = true;
  clockTimer = setInterval(tick, 1000);
  tick();
}

function tick() {
  const clock = live.querySelector("[data-clock]");
  if (!clock) return clearInterval(clockTimer);
  const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
  clock.textContent = asClock(left);
  const spoken = live.querySelector("[data-spoken]");
  const words = `${asWords(left)} left`;
  if (spoken.textContent !== words) spoken.textContent = words;
  if (left === 0) {
    clearInterval(clockTimer);
    setTimeout(ask, 1000 + Math.random() * 2000); // a popular group has many onlookers
  }
}

function asClock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const rest = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days ? `${days} d ${rest}` : rest;
}

// For screen readers, who do not want every second: hours, then minutes, then the last of them.
function asWords(seconds) {
  const many = (number, unit) => `${number} ${unit}${number === 1 ? "" : "s"}`;
  if (seconds >= 7200) return many(Math.floor(seconds / 3600), "hour");
  if (seconds >= 600) return many(Math.floor(seconds / 600) * 10, "minute");
  if (seconds >= 60) return many(Math.floor(seconds / 60), "minute");
  return "less than a minute";
}

// --- pushed ---

function listen() {
  if (!window.EventSource || isOver()) return pollSoon();
  clearTimeout(pollTimer);
  stream = new EventSource(live.dataset.stream);
  heardAt = performance.now();
  stream.addEventListener("room", (event) => {
    heard();
    show(event.data);
  });
  stream.addEventListener("tick", (event) => {
    heard();
    const now = Date.parse(JSON.parse(event.data).now);
    const deadline = Date.parse(state().dataset.deadline || "");
    if (now && deadline) endsAt = performance.now() + Math.max(0, deadline - now);
  });
  stream.addEventListener("away", () => {
    heard();
    tell("What you see may be out of date. Trying again …");
  });
  stream.addEventListener("back", heard);
  stream.addEventListener("end", () => unlisten());
  stream.addEventListener("error", () => {
    failures += 1;
    if (stream && (stream.readyState === EventSource.CLOSED || failures > 2)) fallBack();
  });
}

function heard() {
  heardAt = performance.now();
  failures = 0;
  tell("");
}

function unlisten() {
  if (stream) stream.close();
  stream = null;
}

function fallBack() {
  unlisten();
  failures = 0;
  pollSoon();
  setTimeout(() => !stream && !isOver() && listen(), (STREAM_AGAIN_SECONDS + Math.random() * 30) * 1000);
}

// --- asked for ---

function pollSoon() {
  clearTimeout(pollTimer);
  if (isOver()) return;
  const seconds = Math.min(POLL_SECONDS * 2 ** failures, POLL_MOST_SECONDS);
  pollTimer = setTimeout(ask, seconds * 1000 * (0.8 + Math.random() * 0.4));
}

async function ask() {
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(live.dataset.poll, { headers, cache: "no-store" });
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") || "";
      show(await answer.text());
    } else if (answer.status !== 304) {
      throw new Error(`the server answered ${answer.status}`);
    }
    failures = 0;
    tell("");
  } catch {
    failures += 1;
    tell("What you see may be out of date. Trying again …");
  }
  if (!stream) pollSoon();
}

function stop() {
  unlisten();
  clearTimeout(pollTimer);
  clearInterval(clockTimer);
}

// A phone that slept has missed something, and its clock stood still.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || isOver()) return;
  etag = "";
  ask();
});

setInterval(() => {
  if (stream && performance.now() - heardAt > SILENT_SECONDS * 1000) fallBack();
}, 5000);

// --- the token in the address: whoever copies the address must not pass it on ---

function cleanAddress() {
  const { visit, clean } = live.dataset;
  if (clean) history.replaceState({ visit }, "", clean);
  const kept = history.state && history.state.visit;
  if (!kept) return;
  // Where cookies are refused, a reload finds it here.
  document.querySelectorAll("[data-when] a").forEach((link) => {
    const url = new URL(link.href);
    if (!url.searchParams.has("visit")) url.searchParams.set("visit", kept);
    link.href = url.href;
  });
}

cleanAddress();
settle();
listen();
