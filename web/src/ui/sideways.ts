/** For a row of links that is pushed sideways on a phone: brings one of them into view. */
export const sideways = (href: string) => (row: HTMLElement) => {
  row.querySelector(`a[href="${href}"]`)?.scrollIntoView({ block: 'nearest', inline: 'center' })
}
