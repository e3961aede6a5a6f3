interface IconProps {
  className?: string | undefined;
}

/** Icons are decoration: the text beside them carries the meaning. */
const stroked = {
  viewBox: "0 0 24 24",
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.75,
  strokeLinecap: "round",
  strokeLinejoin: "round",
  "aria-hidden": true,
} as const;

export function Logo({ className }: IconProps) {
  return (
    <svg className={className} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" className="logo-ground" />
      <path
        d="M5 16c3.2-5 6.9-7.5 11-7.5S23.8 11 27 16c-3.2 5-6.9 7.5-11 7.5S8.2 21 5 16Z"
        fill="none"
        className="logo-line"
      />
      <circle cx="16" cy="16" r="3.8" className="logo-pupil" />
    </svg>
  );
}

export function UploadIcon({ className }: IconProps) {
  return (
    <svg className={className} {...stroked}>
      <path d="M12 15.5V4.5m0 0L7.5 9M12 4.5 16.5 9M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />
    </svg>
  );
}

export function PictureIcon({ className }: IconProps) {
  return (
    <svg className={className} {...stroked}>
      <rect x="3.5" y="4.5" width="17" height="15" rx="2" />
      <circle cx="9" cy="10" r="1.75" />
      <path d="m4 17 4.5-4 3.5 3 3.5-3.5 4.5 4" />
    </svg>
  );
}

export function WarningIcon({ className }: IconProps) {
  return (
    <svg className={className} {...stroked}>
      <path d="M12 8.5v4.25M12 16h.01M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z" />
    </svg>
  );
}

export function CloseIcon({ className }: IconProps) {
  return (
    <svg className={className} {...stroked}>
      <path d="m6 6 12 12M18 6 6 18" />
    </svg>
  );
}
