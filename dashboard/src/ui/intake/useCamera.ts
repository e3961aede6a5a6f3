import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "visionflow-client";

type Facing = "environment" | "user";

export interface Camera {
  /** For the `<video>` that shows what the camera sees. */
  video: React.RefObject<HTMLVideoElement | null>;
  ready: boolean;
  error: Error | null;
  /** Switches to the other camera, if there are two. */
  turn: (() => void) | null;
  /** The lamp beside the lens, if this camera has one that the page may switch. */
  torch: { on: boolean; toggle: () => Promise<void> } | null;
  /** A photo; with `longest`, its longer side has at most so many pixels. */
  take: (longest?: number) => Promise<File>;
}

interface Size {
  width: number;
  height: number;
}

const JPEG_QUALITY = 0.92;
const PHOTO: Size = { width: 1920, height: 1080 };

/**
 * The device's camera while the calling component is shown; back camera first, as on a phone.
 * `ideal` is what is asked for, and what the camera has may differ.
 */
export function useCamera(ideal: Size = PHOTO): Camera {
  const { width, height } = ideal;
  const video = useRef<HTMLVideoElement>(null);
  const [facing, setFacing] = useState<Facing>("environment");
  const [ready, setReady] = useState(false);
  const [several, setSeveral] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [track, setTrack] = useState<MediaStreamTrack | null>(null);
  const [lit, setLit] = useState(false);

  useEffect(() => {
    let stream: MediaStream | null = null;
    let wanted = true;
    const stop = () =>
      stream?.getTracks().forEach((track) => {
        track.stop();
      });
    openCamera(facing, { width, height }).then(
      async (opened) => {
        stream = opened;
        if (!wanted || video.current === null) {
          stop();
          return;
        }
        video.current.srcObject = opened;
        const [seen = null] = opened.getVideoTracks();
        setTrack(seen);
        // Unplugged, or no longer allowed: else the last image would stay as if it were seen now.
        if (seen)
          seen.onended = () => {
            if (wanted) setError(new ApiError("camera_failed", "the camera has ended"));
          };
        await video.current.play().catch(() => undefined); // the next frame starts it
        setReady(true);
        const devices = await navigator.mediaDevices.enumerateDevices();
        setSeveral(devices.filter(({ kind }) => kind === "videoinput").length > 1);
      },
      (cause: unknown) => {
        if (wanted) setError(cameraError(cause));
      },
    );
    return () => {
      wanted = false;
      setReady(false);
      setTrack(null);
      setLit(false);
      stop();
    };
  }, [facing, width, height]);

  const take = useCallback(async (longest = Infinity) => {
    const { current } = video;
    if (current === null) throw new Error("the camera is closed");
    const canvas = document.createElement("canvas");
    const { videoWidth, videoHeight } = current;
    const scale = Math.min(longest / Math.max(videoWidth, videoHeight), 1);
    canvas.width = Math.round(videoWidth * scale);
    canvas.height = Math.round(videoHeight * scale);
    canvas.getContext("2d")?.drawImage(current, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY);
    });
    if (blob === null) throw new Error("the camera gave no image");
    const time = new Date().toISOString().replace(/[:.]/g, "-");
    return new File([blob], `camera-${time}.jpg`, { type: "image/jpeg" });
  }, []);

  const turn = () => {
    setFacing(facing === "user" ? "environment" : "user");
  };
  const torch = track !== null &&
    hasTorch(track) && {
      on: lit,
      toggle: async () => {
        await track.applyConstraints({ advanced: [{ torch: !lit } as MediaTrackConstraintSet] });
        setLit(!lit);
      },
    };
  return { video, ready, error, turn: several ? turn : null, torch: torch || null, take };
}

/** Of the Image Capture standard, which TypeScript's types leave out; Firefox has none of it. */
function hasTorch(track: MediaStreamTrack): boolean {
  if (!("getCapabilities" in track)) return false;
  return (track.getCapabilities() as { torch?: boolean }).torch === true;
}

async function openCamera(facing: Facing, { width, height }: Size): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  // Missing on plain http, except on localhost.
  if (devices === undefined) throw new ApiError("camera_missing", "no mediaDevices");
  return devices.getUserMedia({
    video: { facingMode: facing, width: { ideal: width }, height: { ideal: height } },
    audio: false,
  });
}

/** By the names of https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia. */
const CODES: Readonly<Record<string, string>> = {
  NotAllowedError: "camera_denied",
  NotReadableError: "camera_failed",
  AbortError: "camera_failed",
};

function cameraError(cause: unknown): Error {
  if (cause instanceof ApiError) return cause;
  const name = cause instanceof DOMException ? cause.name : "";
  return new ApiError(
    CODES[name] ?? "camera_missing",
    cause instanceof Error ? cause.message : String(cause),
  );
}
