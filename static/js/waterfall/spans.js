// A trace's spans in columns, kept up to date by merging what the server sends. Pure.
//
// Times come as nanoseconds in strings or BigInts; here they are floating-point ms after one base, exact to the nanosecond.

export const STATUS_ERROR = 2;
export const STATUS_WAITING = 3;

const COLUMNS = [
  "name", "kind", "status", "attempt", "agent", "model", "tool", "service", "errorType", "errorMessage",
  "inputTokens", "outputTokens", "cost",
];

/** ms between two times in nanoseconds, exact while they lie within a hundred days. */
export function msBetween(from, to) {
  return Number(to - from) / 1e6;
}

export class Spans {
  constructor(base) {
    this.base = base;               // BigInt, ns since 1970: where t is 0
    this.size = 0;
    this.index = new Map();         // id → row
    this.id = [];
    this.parent = [];               // id, or null
    this.start = [];                // ms after base
    this.end = [];                  // ms after base, NaN while it runs
    this.ttft = [];                 // ms after its start, NaN if unknown
    for (const column of COLUMNS) this[column] = [];
  }

  /** Put spans in, each in place of the one with its id; rows as skeletonRows() gives them. Says how many came. */
  merge(rows) {
    let came = 0;
    for (const row of rows) {
      this.#put(row);
      came += 1;
    }
    return came;
  }

  waiting(row) {
    return this.status[row] === STATUS_WAITING;
  }

  /** Whether a wait for a person was announced and goes on: it grows, however long nothing else is heard. */
  awaitsPerson() {
    for (let row = 0; row < this.size; row += 1) if (this.kind[row] === "human" && Number.isNaN(this.end[row])) return true;
    return false;
  }

  #put(row) {
    let at = this.index.get(row.id);
    if (at === undefined) {
      at = this.size;
      this.size += 1;
      this.index.set(row.id, at);
    }
    this.id[at] = row.id;
    this.parent[at] = row.parent;
    this.start[at] = row.start;
    this.end[at] = row.end;
    this.ttft[at] = row.ttft;
    for (const column of COLUMNS) this[column][at] = row[column];
  }
}
