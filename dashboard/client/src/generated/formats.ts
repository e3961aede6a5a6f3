/** From `visionflow/images/formats.py`. */
export default {
  "unknown_type": "application/octet-stream",
  "types": [
    "image/apng",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jp2",
    "image/jpeg",
    "image/jpg",
    "image/pjpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "image/x-ms-bmp"
  ],
  "by_suffix": {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "jfif": "image/jpeg",
    "jif": "image/jpeg",
    "jfi": "image/jpeg",
    "mpo": "image/jpeg",
    "png": "image/png",
    "apng": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "dib": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
    "heif": "image/heic",
    "hif": "image/heic",
    "jp2": "image/jp2",
    "j2k": "image/jp2",
    "jpf": "image/jp2",
    "jpx": "image/jp2",
    "jpc": "image/jp2",
    "j2c": "image/jp2"
  },
  "signatures": [
    {
      "suffix": "jpg",
      "type": "image/jpeg",
      "pattern": "\\xff\\xd8\\xff"
    },
    {
      "suffix": "png",
      "type": "image/png",
      "pattern": "\\x89PNG\\r\\n\\x1a\\n"
    },
    {
      "suffix": "webp",
      "type": "image/webp",
      "pattern": "RIFF.{4}WEBP"
    },
    {
      "suffix": "gif",
      "type": "image/gif",
      "pattern": "GIF8[79]a"
    },
    {
      "suffix": "bmp",
      "type": "image/bmp",
      "pattern": "BM"
    },
    {
      "suffix": "tif",
      "type": "image/tiff",
      "pattern": "II\\*\\x00|MM\\x00\\*|II\\+\\x00\\x08\\x00\\x00\\x00|MM\\x00\\+\\x00\\x08\\x00\\x00"
    },
    {
      "suffix": "avif",
      "type": "image/avif",
      "pattern": ".{4}ftyp(?:.{4}){0,16}?avi[fs]"
    },
    {
      "suffix": "heic",
      "type": "image/heic",
      "pattern": ".{4}ftyp(?:.{4}){0,16}?(?:hei[cxms]|hev[cx]|mif1|msf1)"
    },
    {
      "suffix": "jp2",
      "type": "image/jp2",
      "pattern": "\\x00\\x00\\x00\\x0cjP {2}\\r\\n\\x87\\n|\\xff\\x4f\\xff\\x51"
    }
  ],
  "accept": "image/*,.jpg,.jpeg,.jpe,.jfif,.jif,.jfi,.mpo,.png,.apng,.webp,.gif,.bmp,.dib,.tif,.tiff,.avif,.heic,.heif,.hif,.jp2,.j2k,.jpf,.jpx,.jpc,.j2c"
};
