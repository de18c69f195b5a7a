// Which SDKs stand here: the other scripts of this folder drive them.
import { createRequire } from "node:module";
const { dependencies } = createRequire(import.meta.url)("./package-lock.json").packages[""];
const found = {};
for (const name of Object.keys(dependencies)) {
  found[name] = createRequire(import.meta.url)(`./node_modules/${name}/package.json`).version;
}
console.log(JSON.stringify(found));
