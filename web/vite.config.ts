import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, loadEnv } from 'vite'

// `npm run dev` serves the pages alone and asks a running `kinora serve` for everything else,
// in its own name: the server refuses to be written to by other origins.
const server = loadEnv('', '.', 'KINORA').KINORA ?? 'http://127.0.0.1:7860'
const behind = { target: server, changeOrigin: true, headers: { origin: server } }

export default defineConfig({
  plugins: [svelte()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': behind, '/v1': behind, '/s/': behind } },
})
