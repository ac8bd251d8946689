// The little of Markdown that messages use, as a tree of plain objects: what it does not know stays text. Pure.
//
//   blocks   { type: "paragraph" | "heading", level, inline } | { type: "code", language, text }
//            { type: "list", ordered, items: [inline] } | { type: "quote", inline } | { type: "rule" }
//   inline   { type: "text" | "code" | "strong" | "em", text } | { type: "link", text, href }

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^ {0,6}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const INLINE = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*([^*\s][^*]*?)\*\*|__([^_\s][^_]*?)__|\*([^*\s][^*]*?)\*|(?<!\w)_([^_\s][^_]*?)_(?!\w)|!?\[([^\]\n]{0,500})\]\(([^)\s]{1,2000})\)/g;
const LONGEST = 20_000;     // characters of a paragraph looked through for marks

/** The blocks of a text. */
export function blocksOf(text) {
  const lines = text.split(/\r\n|\r|\n/);
  const blocks = [];
  let paragraph = [];
  const close = () => {
    if (paragraph.length) blocks.push({ type: "paragraph", inline: inlineOf(paragraph.join("\n")) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    if (fence) {
      close();
      const end = endOfFence(lines, at + 1, fence[1]);
      blocks.push({ type: "code", language: fence[2], text: lines.slice(at + 1, end).join("\n") });
      at = end;
    } else if (!line.trim()) close();
    else if (!lineBlock(line, blocks, close)) paragraph.push(line);
  }
  close();
  return blocks;
}

function endOfFence(lines, from, mark) {
  for (let at = from; at < lines.length; at += 1) if (lines[at].trim().startsWith(mark) && !lines[at].trim().replaceAll(mark[0], "")) return at;
  return lines.length;
}

function lineBlock(line, blocks, close) {
  const last = () => blocks[blocks.length - 1];
  if (RULE.test(line)) {
    close();
    return blocks.push({ type: "rule" });
  }
  const heading = HEADING.exec(line);
  if (heading) {
    close();
    return blocks.push({ type: "heading", level: heading[1].length, inline: inlineOf(heading[2]) });
  }
  const item = ITEM.exec(line);
  if (item) {
    close();
    const ordered = item[1] !== undefined;
    if (last()?.type !== "list" || last().ordered !== ordered) blocks.push({ type: "list", ordered, start: Number(item[1] ?? 1), items: [] });
    return last().items.push(inlineOf(item[2]));
  }
  const quote = QUOTE.exec(line);
  if (quote) {
    close();
    return blocks.push({ type: "quote", inline: inlineOf(quote[1]) });
  }
  return false;
}

/** The marks within a paragraph. */
export function inlineOf(text) {
  if (text.length > LONGEST) return [{ type: "text", text }];
  const found = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const mark = markOf(match);
    if (!mark) continue;
    if (match.index > from) found.push({ type: "text", text: text.slice(from, match.index) });
    found.push(mark);
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ type: "text", text: text.slice(from) });
  return found;
}

function markOf([all, ticks, code, strong, strong2, em, em2, label, href]) {
  if (ticks) return { type: "code", text: code };
  if (strong ?? strong2) return { type: "strong", text: strong ?? strong2 };
  if (em ?? em2) return { type: "em", text: em ?? em2 };
  return safeLink(href) ? { type: "link", text: label || href, href } : { type: "text", text: all };
}

/** Whether an address may be followed: the web and mail only. */
export function safeLink(href) {
  return /^(https?:\/\/|mailto:)[^\s]+$/i.test(href);
}
