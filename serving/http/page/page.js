"use strict";

const at = (id) => document.getElementById(id);
const path = (what) => `/v1/${encodeURIComponent(at("domain").value)}/${what}`;
let asked = 0; // an answer that comes after a newer question is not shown

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

async function ask(file) {
  const turn = ++asked;
  tell("");
  at("answer").hidden = at("words").hidden = true;
  URL.revokeObjectURL(at("picture").src);
  at("picture").src = URL.createObjectURL(file);
  const form = new FormData();
  form.append("files", file);
  try {
    const answer = await fetched(path("predict"), { method: "POST", body: form });
    const [said] = (await answer.json()).predictions;
    if (turn === asked) said.error ? tell(said.error) : show(said);
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
