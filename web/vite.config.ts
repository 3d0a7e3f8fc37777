import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, loadEnv } from 'vite'

// `npm run dev` serves the pages alone and asks a running `kinora serve` for everything else.
const server = loadEnv('', '.', 'KINORA').KINORA ?? 'http://127.0.0.1:7860'

export default defineConfig({
  plugins: [svelte()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': server, '/v1': server, '/s': server } },
})
