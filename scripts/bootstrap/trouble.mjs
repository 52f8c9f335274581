/** Something that the person at the keyboard can put right; its message is shown as it stands. */
export class Trouble extends Error {}
