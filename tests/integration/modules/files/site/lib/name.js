export const name = "site";
