// Runs one JavaScript program: `node harness.js script`, or `node harness.js calls ENTRY RETURNS`.
// Arguments are read from descriptor 4; frames with canonical values are written to descriptor 3.
'use strict';
const fs = require('fs');
const vm = require('vm');

const MAX_DEPTH = 40;
const MAX_TEXT = 400;
const [mode, entryPoint, returns] = process.argv.slice(2);
const { writeSync } = fs;
const { Buffer } = globalThis;

function emit(tag, body = Buffer.alloc(0)) {
  const frame = Buffer.alloc(5 + body.length);
  frame.write(tag, 0, 'latin1');
  frame.writeUInt32LE(body.length, 1);
  body.copy(frame, 5);
  for (let sent = 0; sent < frame.length;) sent += writeSync(3, frame, sent);
}

function describe(error) {
  let text;
  try {
    const name = error && error.constructor ? error.constructor.name : typeof error;
    text = `${name}: ${error && error.message !== undefined ? error.message : error}`;
    text = text.slice(0, MAX_TEXT);
    const line = /program\.js:(\d+)/.exec((error && error.stack) || '');
    if (line) text += ` (line ${line[1]})`;
  } catch {
    text = "an exception that can't be described";
  }
  return Buffer.from(text);
}

// "tuple[int, dict[str, float]] | None" as {name, parts, optional}.
function parseType(text) {
  let position = 0;
  function one() {
    const name = /^\w+/.exec(text.slice(position))[0];
    position += name.length;
    const type = { name, parts: [], optional: false };
    if (text[position] === '[') {
      do {
        position += 1;
        while (text[position] === ' ') position += 1;
        if (text[position] !== ']') type.parts.push(union());
      } while (text[position] === ',');
      position += 1;
    }
    return type;
  }
  function union() {
    let type = one();
    while (text.startsWith(' | ', position)) {
      position += 3;
      const other = one();
      if (type.name === 'None') type = other;
      type.optional = true;
    }
    return type;
  }
  return union();
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  until(stop) {
    const end = this.bytes.indexOf(stop, this.position);
    const text = this.bytes.toString('latin1', this.position, end);
    this.position = end + 1;
    return text;
  }

  count() {
    return Number(this.until(':'));
  }

  items(count) {
    return Array.from({ length: count }, () => this.value());
  }

  value() {
    const tag = String.fromCharCode(this.bytes[this.position++]);
    switch (tag) {
      case 'N': return null;
      case 'T': return true;
      case 'F': return false;
      case 'i': return integer(this.until(';'));
      case 'f': return float(this.until(';'));
      case 's': return this.text(this.count());
      case 'l': case 't': return this.items(this.count());
      case 'd': {
        const pairs = this.count();
        return new Map(Array.from({ length: pairs }, () => [this.value(), this.value()]));
      }
      default: throw new Error(`arguments of kind ${tag}`);
    }
  }

  text(size) {
    const raw = this.bytes.subarray(this.position, this.position + size);
    this.position += size;
    let text = '';
    for (let at = 0; at < raw.length;) {
      // A lone surrogate comes as three bytes that no UTF-8 reader takes.
      let end = at;
      while (end < raw.length && !(raw[end] === 0xed && raw[end + 1] >= 0xa0)) end += 1;
      text += raw.toString('utf8', at, end);
      if (end < raw.length) {
        const unit = 0xd000 | ((raw[end + 1] & 0x3f) << 6) | (raw[end + 2] & 0x3f);
        text += String.fromCharCode(unit);
      }
      at = end + 3;
    }
    return text;
  }
}

function integer(text) {
  const negative = text[0] === '-';
  const size = BigInt(`0x${negative ? text.slice(1) : text}`);
  const value = negative ? -size : size;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function float(text) {
  return { nan: NaN, inf: Infinity, '-inf': -Infinity }[text] ?? Number(text);
}

function integerBytes(value) {
  return Buffer.from(`i${value.toString(16)};`);
}

function floatBytes(value) {
  if (Number.isNaN(value)) return Buffer.from('fnan;');
  if (!Number.isFinite(value)) return Buffer.from(value < 0 ? 'f-inf;' : 'finf;');
  if (value === 0) return Buffer.from('f0.0;');
  const [mantissa, power] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  let text;
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    text = `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  } else if (exponent < 0) {
    text = `0.${'0'.repeat(-exponent - 1)}${digits}`;
  } else {
    const all = digits.padEnd(exponent + 2, '0');
    text = `${all.slice(0, exponent + 1)}.${all.slice(exponent + 1)}`;
  }
  return Buffer.from(`f${sign}${text};`);
}

function textBytes(value) {
  const parts = [];
  for (const character of value) {
    const code = character.codePointAt(0);
    if (code >= 0xd800 && code < 0xe000) {
      parts.push(Buffer.from([0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]));
    } else {
      parts.push(Buffer.from(character));
    }
  }
  const raw = /[\ud800-\udfff]/.test(value) ? Buffer.concat(parts) : Buffer.from(value);
  return Buffer.concat([Buffer.from(`s${raw.length}:`), raw]);
}

// Canonical bytes of a value. The type says what JavaScript can't: int or float, list or tuple.
function encode(value, type, depth) {
  if (depth > MAX_DEPTH) throw new TypeError('a value nested too deep, or in itself');
  if (value === null || value === undefined) return Buffer.from('N');
  if (typeof value === 'boolean') return Buffer.from(value ? 'T' : 'F');
  if (typeof value === 'bigint') return integerBytes(value);
  if (typeof value === 'number') {
    const whole = Number.isInteger(value) && (!type || type.name !== 'float');
    return whole ? integerBytes(BigInt(value)) : floatBytes(value);
  }
  if (typeof value === 'string') return textBytes(value);
  if (Array.isArray(value)) {
    const tuple = type && type.name === 'tuple';
    const part = (at) => type && (tuple ? type.parts[at] : type.parts[0]);
    const parts = Array.from(value, (item, at) => encode(item, part(at), depth + 1));
    return Buffer.concat([Buffer.from(`${tuple ? 't' : 'l'}${parts.length}:`), ...parts]);
  }
  if (typeof value === 'object' && !(value instanceof Promise)) {
    return encodeMap(value, type && type.name === 'dict' ? type.parts : [], depth);
  }
  throw new TypeError(`the entry point returned a value of type ${typeof value}`);
}

function encodeMap(value, [keyType, heldType], depth) {
  const pairs = value instanceof Map ? [...value] : Object.entries(value).map(([key, held]) => {
    const whole = keyType && keyType.name === 'int' && /^-?\d+$/.test(key);
    return [whole ? BigInt(key) : key, held];
  });
  const items = pairs.map(([key, held]) => (
    Buffer.concat([encode(key, keyType, depth + 1), encode(held, heldType, depth + 1)])));
  items.sort(Buffer.compare);
  return Buffer.concat([Buffer.from(`d${items.length}:`), ...items]);
}

function noMemory(error) {
  return error instanceof RangeError && /allocation failed|Invalid array buffer/i.test(error.message);
}

function callAll(entry) {
  const type = parseType(returns);
  const all = new Reader(fs.readFileSync(4));
  while (all.position < all.bytes.length) {
    const size = all.count();
    const one = new Reader(all.bytes.subarray(all.position, all.position + size));
    all.position += size;
    try {
      emit('V', encode(entry(...one.value()), type, 0));
    } catch (error) {
      if (noMemory(error)) emit('M');
      else emit('E', describe(error));
    }
  }
  emit('D');
}

function main() {
  const source = fs.readFileSync('program.js', 'utf8');
  let script;
  try {
    script = new vm.Script(source, { filename: 'program.js' });
  } catch (error) {
    const where = /program\.js:(\d+)/.exec(error.stack);
    emit('C', Buffer.from(`${where ? `line ${where[1]}: ` : ''}${error.name}: ${error.message}`));
    return;
  }
  emit('K');
  const module = { exports: {} };
  Object.assign(globalThis, { require, module, exports: module.exports });
  let entry;
  try {
    script.runInThisContext();
    if (mode === 'script') return;
    entry = vm.runInThisContext(`typeof ${entryPoint} === 'undefined' ? undefined : ${entryPoint}`);
    entry ??= module.exports[entryPoint];
    if (typeof entry !== 'function') {
      throw new ReferenceError(`the program defines no function ${entryPoint}`);
    }
  } catch (error) {
    if (noMemory(error)) emit('M');
    else emit('X', describe(error));
    process.exit(0);
  }
  callAll(entry);
  process.exit(0);
}

main();
