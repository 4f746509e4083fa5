// Keeps the page as it would be if it were loaded now. Without this script it is right when it is loaded.
"use strict"
const live = document.getElementById("live")
let due = 0
let loading = false

function later(milliseconds) {
  if (!due) due = setTimeout(refresh, milliseconds)
}

async function refresh() {
  due = 0
  if (loading || document.hidden) return
  loading = true
  try {
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}})
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"))
  } catch {
    // the stream tells that the daemon is not there
  } finally {
    loading = false
  }
}

// replace puts what is new in place, and leaves what is open open, what has the focus focused, and what is scrolled scrolled.
function replace(fresh) {
  const open = new Set([...document.querySelectorAll("main details[open]")].map(d => d.id))
  const scrolled = [...document.querySelectorAll("main .scroll")].map(s => s.scrollLeft)
  const focused = document.activeElement?.closest("main") && mark(document.activeElement)
  document.querySelector("main").replaceWith(fresh.querySelector("main"))
  document.title = fresh.title
  for (const d of document.querySelectorAll("main details")) d.open = d.id !== "" && open.has(d.id)
  document.querySelectorAll("main .scroll").forEach((s, i) => { s.scrollLeft = scrolled[i] ?? 0 })
  if (focused) focused()?.focus({preventScroll: true})
}

// mark returns what finds an element in a page again: the one of its kind that stands in the same place.
function mark(element) {
  const same = e => e.getAttribute("href") === element.getAttribute("href") && e.closest("[id]")?.id === element.closest("[id]")?.id
  const alike = () => [...document.querySelectorAll("main " + element.tagName)].filter(same)
  const at = alike().indexOf(element)
  return () => alike()[at]
}

function say(text) {
  if (live.textContent !== text) live.textContent = text
}

const stream = new EventSource("/api/v1/events")
stream.onopen = () => { say("live"); later(0) }
stream.onerror = () => say("the daemon does not answer: what you see may be old")
for (const kind of ["started", "ended", "changed"]) stream.addEventListener(kind, () => later(300))
stream.addEventListener("opened", event => {
  say("open gate: " + JSON.parse(event.data).text)
  later(300)
})
stream.addEventListener("progress", event => {
  const {environment, done, cases} = JSON.parse(event.data)
  for (const e of document.querySelectorAll("[data-progress]"))
    if (e.dataset.progress === environment) e.textContent = done + " of " + cases
})
document.addEventListener("visibilitychange", () => later(0))
setInterval(() => later(0), 60000) // what is told in minutes ago
