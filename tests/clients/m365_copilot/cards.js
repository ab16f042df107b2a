// node cards.js NODE_MODULES: stdin has a JSON list of [card, response]. Prints, as JSON, each card as the template engine
// fills it, with what the reader of Adaptive Cards objects to.
const fs = require("fs");
const [modules] = process.argv.slice(2);
const { Template } = require(`${modules}/adaptivecards-templating`);
const { AdaptiveCard, SerializationContext, Versions } = require(`${modules}/adaptivecards/dist/adaptivecards.js`);

const filled = JSON.parse(fs.readFileSync(0, "utf8")).map(([template, $root]) => {
  const card = new Template(template).expand({ $root });
  const context = new SerializationContext(Versions.v1_5);
  const parsed = new AdaptiveCard();
  parsed.parse(card, context);
  const events = Array.from({ length: context.eventCount }, (_, number) => context.getEventAt(number).message);
  const failures = parsed.validateProperties().validationEvents.map((event) => event.message);
  return { card, objections: [...events, ...failures] };
});
console.log(JSON.stringify(filled));
