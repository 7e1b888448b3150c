"use strict";

const at = (id) => document.getElementById(id);
const path = (what) => `/v1/${encodeURIComponent(at("domain").value)}/${what}`;
let asked = 0; // an answer that comes after a newer question is not shown
let sent = null; // the image of the newest question

async function fetched(address, options = {}) {
  const key = at("key").value.trim(); // kept in this field and nowhere else
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = await fetch(address, { ...options, headers });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.detail || `the service answers ${answer.status}`);
  }
  return answer;
}

function tell(fault) {
  at("fault").textContent = fault;
  at("fault").hidden = !fault;
}

function row(name, share) {
  const line = at("probabilities").tBodies[0].insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  line.append(head);
  const meter = document.createElement("meter");
  meter.value = share;
  meter.setAttribute("aria-label", `probability of ${name}`);
  line.insertCell().append(meter);
  line.insertCell().textContent = `${(100 * share).toFixed(1)} %`;
}

function show(said) {
  at("label").textContent = said.abstained ? "No answer: no class is likely enough" : said.label;
  at("version").textContent = said.version;
  at("id").textContent = said.id;
  at("card").href = path("card");
  at("probabilities").tBodies[0].replaceChildren();
  const sorted = Object.entries(said.probabilities).sort((one, other) => other[1] - one[1]);
  sorted.forEach(([name, share]) => row(name, share));
  at("answer").hidden = false;
}

function picture(content) {
  URL.revokeObjectURL(at("picture").src);
  at("picture").src = URL.createObjectURL(content);
}

async function offer(turn) {
  const { explains } = await (await fetched(path("model"))).json();
  if (turn === asked) at("looked").hidden = !explains;
}

async function explain() {
  const turn = asked;
  at("why").disabled = true;
  tell("");
  try {
    const answer = await fetched(`${path("explain")}?version=${at("version").textContent}`, { method: "POST", body: sent });
    const heat = await answer.blob();
    if (turn !== asked) return;
    picture(heat);
    at("picture").alt = "the image, with heat where evidence for the answer lies";
    at("method").textContent = `${answer.headers.get("Regraft-Method")}: red is where evidence came from, good or not`;
  } catch (fault) {
    if (turn === asked) tell(fault.message);
  } finally {
    at("why").disabled = false;
  }
}

async function ask(file) {
  const turn = ++asked;
  sent = file;
  tell("");
  at("answer").hidden = at("words").hidden = at("looked").hidden = true;
  at("method").textContent = "";
  at("picture").alt = "the image that was asked about";
  picture(file);
  const form = new FormData();
  form.append("files", file);
  try {
    const answer = await fetched(path("predict"), { method: "POST", body: form });
    const [said] = (await answer.json()).predictions;
    if (turn !== asked) return;
    if (said.error) return tell(said.error);
    show(said);
    await offer(turn);
  } catch (fault) {
    if (turn === asked) tell(fault.message);
  }
}

async function showCard(event) {
  event.preventDefault(); // a link could not send the key
  try {
    at("words").textContent = await (await fetched(path("card"))).text();
    at("words").hidden = false;
    at("words").scrollIntoView();
  } catch (fault) {
    tell(fault.message);
  }
}

async function start() {
  const { domains } = await (await fetch("/readyz")).json();
  at("domain").append(...Object.keys(domains).map((name) => new Option(name)));
}

at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  at("file").value = ""; // so that the same file may be chosen again
  if (file) ask(file);
});
at("card").addEventListener("click", showCard);
at("why").addEventListener("click", explain);
at("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("over");
});
at("drop").addEventListener("dragleave", () => at("drop").classList.remove("over"));
at("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  if (event.dataTransfer.files.length) ask(event.dataTransfer.files[0]);
});
at("drop").addEventListener("keydown", (event) => event.key === "Enter" && at("file").click());
start().catch(() => tell("the service does not say what it serves; load this page again later"));
