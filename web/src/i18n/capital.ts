/**
 * English sentences, one a line, with a capital at the beginning. A file's name or code that one begins with stays as it
 * is, and so does what is quoted “so”.
 */
export const capital = (sentences: string) => sentences.replace(/“[^”]*”|^[a-z][a-z'’-]*(?=[\s,;:]|$)/gm, (found) => found[0]!.toUpperCase() + found.slice(1))
