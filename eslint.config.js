import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** What would make the core and the protocol depend on when, where or by what luck they run. */
const impure = [
  "Date", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame",
  "crypto", "process", "globalThis", "window", "self", "navigator", "document", "console", "fetch", "WebSocket", "Buffer", "require",
];

export default defineConfig(
  { ignores: ["dist/", "coverage/", ".cache/", "**/node_modules/", "**/*.cjs"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.js"] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Data is written as types, ports as interfaces: the choice carries meaning here.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
      // It asks for `!`, which the rule below forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "no-console": ["error", { allow: ["warn", "error"] }],
    },
  },
  {
    files: ["src/core/**/*.ts", "src/protocol/**/*.ts", "src/server/host*.ts", "src/server/log.ts", "src/server/deadlines.ts", "src/client/view*.ts", "src/face/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...impure],
      "no-restricted-properties": ["error", { object: "Math", property: "random", message: "Chance is an argument here." }],
    },
  },
  {
    files: ["src/core/**/*.ts", "src/protocol/**/*.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^[^.]", message: "The core and the protocol import nothing from outside." }] }],
    },
  },
  { files: ["src/core/**/*.ts"], rules: { "no-restricted-imports": ["error", { patterns: [{ regex: "^(?!\\./)", message: "The core imports only itself." }] }] } },
  {
    files: ["test/**", "examples/**", "bench/**/*.ts", "scripts/**", "*.config.*"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs", "**/*.cjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: readonly("process", "console", "URL", "URLSearchParams", "setTimeout", "clearTimeout", "fetch", "Request", "AbortController", "TextDecoderStream") },
  },
  { files: ["scripts/page/site/*.js", "examples/project-room/*", "examples/{react-vite,vue,svelte}/src/*.js", "test/runtimes/*.mjs"], languageOptions: { globals: readonly("document", "location", "localStorage", "crypto", "addEventListener", "queueMicrotask") } },
  {
    // CommonJS, as most servers of socket.io are.
    files: ["examples/chat/*.js"],
    languageOptions: { sourceType: "commonjs", globals: readonly("require", "__dirname") },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);

function readonly(...names) {
  return Object.fromEntries(names.map((name) => [name, "readonly"]));
}
