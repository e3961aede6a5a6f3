/** What a direct call carries: Lambda takes 6 MB of event, and the image travels in base64. */
export const MAX_DIRECT_BYTES = 4_400_000;
