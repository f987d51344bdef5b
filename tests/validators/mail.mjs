// Holds every HTML file of a folder against three judges; `mail.py` makes the folder and starts this.
//
//     node mail.mjs FOLDER NODE CHROMIUM
//
// A line for each thing that is not so, and how much was looked at; exit code 1 if there was anything.

import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, node, chromium] = process.argv.slice(2);
const require = createRequire(join(resolve(node), 'package.json'));
const { HtmlValidate } = require('html-validate');
const { caniemail, formatIssue } = await import(pathToFileURL(require.resolve('caniemail')));
const { chromium: browser } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// What HTML of today does without and mail does not.
const RULES = {
  extends: ['html-validate:recommended', 'html-validate:document', 'html-validate:a11y'],
  rules: {
    // Word knows no style sheets worth the name: widths, sides and lines of tables are attributes there.
    'no-deprecated-attr': 'off',
    'attribute-misuse': 'off',
    'attribute-allowed-values': 'error',
    // Gmail drops style sheets where a message has none of its own account.
    'no-inline-style': 'off',
    // Mails are read by programs that never heard of the short forms.
    'doctype-style': 'off',
    'void-style': 'off',
    // A mail's title is its subject, and that says what it must.
    'long-title': 'off',
    // For Outlook's own name space.
    'no-conditional-comment': 'off',
    // Numbers that look like telephone numbers are figures; `format-detection` keeps clients from linking them.
    'tel-non-breaking': 'off',
    // Rows without a body are what tables always were; a mail has bytes to spare for better things.
    'prefer-tbody': 'off',
    // Gmail makes a div of <main>; its role stays.
    'prefer-native-element': 'off',
    // Telephone numbers, names and streets are the shop's own words.
    'no-raw-characters': 'error',
  },
};

const CLIENTS = ['gmail.*', 'outlook.*', 'apple-mail.*'];

// What some client is known not to support, and why it is used all the same.
const KNOWN = [
  [/^(<style> element|<body> element|.*selector.*|.*combinator)$/i, "style sheets are for phones, the dark and Outlook's own dark; all else is inline, and on cells where a body is dropped"],
  [/^@media|prefers-color-scheme/, 'without it the same mail, light and in its full width'],
  [/!important/, 'only in style sheets, over what is inline'],
  [/border-radius/, 'corners are square in Word'],
  [/max-width|min-width/, 'Word has a table of fixed width around, in a conditional comment'],
  [/^(width|height) (property|attribute)$/, 'in pixels and in percent, as Word knows them; auto where it knows attributes'],
  [/^align attribute$/, 'Outlook for Mac knows `align` of pictures not at all; it is on cells'],
  [/^font-size|^font-weight/, 'in pixels, as Word knows them; numbers above 500 are bold'],
  [/display/, 'hides the preheader and the labels of phones; Word has mso-hide'],
  [/overflow|max-height/, 'the preheader is hidden twice'],
  [/^(padding|border|margin|background)/, 'on cells, paragraphs and headings, in colours and pixels, as Word knows them'],
  [/line-height/, 'in pixels, and exactly, by a sheet for Word'],
  [/^(word-break|white-space)/, 'a date or a heading that breaks over two lines is still read; dates have blanks that do not break'],
  [/^target/, 'where it is dropped links open as the client opens links'],
  [/^text-decoration/, 'a line under a link more or less'],
  [/role|aria|semantic/, 'for screen readers; harmless where it is dropped'],
];

let wrong = 0;
const say = (what) => { wrong += 1; console.log('WRONG', what); };
const files = readdirSync(folder).filter((name) => name.endsWith('.html') && !name.endsWith('.alone.html')).sort();
const used = new Map();
const unknown = new Map();

const validator = new HtmlValidate(RULES);
for (const name of files) {
  const html = readFileSync(join(folder, name), 'utf8');
  const report = await validator.validateString(html, name);
  for (const { messages } of report.results)
    for (const m of messages) say(`${name}:${m.line}: ${m.ruleId}: ${m.message}`);
  const { issues } = caniemail({ clients: CLIENTS, html });
  for (const [kind, found] of [['error', issues.errors], ['warning', issues.warnings]])
    for (const [client, list] of found ?? [])
      for (const issue of list) {
        const known = KNOWN.find(([pattern]) => pattern.test(issue.title.replaceAll('`', '')));
        if (known) used.set(known, (used.get(known) ?? new Set()).add(issue.title));
        else unknown.set(`${client}: ${kind}: ${formatIssue({ client, issue, issueType: kind }).message}`, name);
      }
}
for (const [issue, name] of unknown) say(`${name}: ${issue}`);
console.log(`      ${files.length} mails: HTML valid, clients ${CLIENTS.join(' ')} asked`);
for (const known of KNOWN)
  if (used.has(known)) console.log(`      known: ${[...used.get(known)].join(', ')}: ${known[1]}`);
  else say(`the list of what is known has ${known[0]}, which no client was asked for`);

const chrome = await browser.launch({ executablePath: chromium, args: ['--no-sandbox'] });
let rules = 0;
for (const [scheme, width] of [['light', 1200], ['dark', 360]]) {
  const context = await chrome.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
    const page = await context.newPage();
    for (const name of files) {
      await page.goto(pathToFileURL(resolve(folder, name.replace('.html', '.alone.html'))).href);
      const where = `${name} at ${width}, ${scheme}`;
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) say(`${where}: wider than the window by ${over} pixels`);
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
      rules = Math.max(rules, found.passes.length);
      for (const violation of found.violations)
        say(`${where}: ${violation.id}: ${violation.help}: ${violation.nodes.length} times, first ${violation.nodes[0].html.slice(0, 160)}`);
    }
    await context.close();
}
await chrome.close();
console.log(`      ${files.length} mails, light at 1200 pixels and dark at 360: up to ${rules} rules of accessibility held`);
process.exit(wrong ? 1 : 0);
