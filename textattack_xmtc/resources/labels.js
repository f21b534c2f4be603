
// Searches and sorts the table of the page.
const search = document.getElementById("search");
const input = search.querySelector("input");
const body = document.querySelector("tbody");
const rows = [...body.rows];

function filter() {
  const wanted = input.value.toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  search.querySelector("span").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}.`;
}

function key(row, place) {
  const text = row.cells[place].textContent.trim();
  const number = parseFloat(text.replace(/^< /, "").replace(/,/g, ""));
  return Number.isNaN(number) ? text.toLowerCase() : number;
}

function compare(one, other) {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return typeof one === "number" ? one - other : one.localeCompare(other);
}

document.querySelectorAll("thead th").forEach((heading, place) => {
  heading.style.cursor = "pointer";
  heading.addEventListener("click", () => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    rows.sort((one, other) => compare(key(one, place), key(other, place)) * (descending ? -1 : 1));
    body.append(...rows);
  });
});
input.addEventListener("input", filter);
search.hidden = false;
filter();
