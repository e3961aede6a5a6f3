import type { FrameSource } from "./liveLoop";

export type Frame = ImageBitmap | VideoFrame;

/** The frames of a `<video>`, as something that a worker can take over. */
export function videoFrames(video: HTMLVideoElement): FrameSource<Frame> {
  return {
    onNext: (callback) => {
      // Missing in browsers of before 2024: then the screen's rate, of frames that may repeat, once
      // there is one.
      if (!hasCallback(video)) {
        const look = () => {
          if (video.readyState >= video.HAVE_CURRENT_DATA) callback();
          else id = requestAnimationFrame(look);
        };
        let id = requestAnimationFrame(look);
        return () => {
          cancelAnimationFrame(id);
        };
      }
      const id = video.requestVideoFrameCallback(callback);
      return () => {
        video.cancelVideoFrameCallback(id);
      };
    },
    // A VideoFrame is the camera's own memory: nothing is copied or converted on this thread.
    grab: () => ("VideoFrame" in window ? new VideoFrame(video) : createImageBitmap(video)),
  };
}

/** TypeScript's types have it in every browser. */
function hasCallback(video: object): boolean {
  return "requestVideoFrameCallback" in video;
}
