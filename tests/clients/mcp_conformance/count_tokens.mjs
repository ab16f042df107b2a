// The length of texts in tokens of o200k_base, the encoding of OpenAI's models since GPT-4o: JSON on standard input, a
// list of texts, and on standard output, a list of numbers.
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { text } from "node:stream/consumers";

const texts = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(texts.map((each) => encode(each).length)));
