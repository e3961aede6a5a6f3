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

/** An icon of one path. */
function icon(path: string) {
  return function Icon({ className }: IconProps) {
    return (
      <svg className={className} {...stroked}>
        <path d={path} />
      </svg>
    );
  };
}

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

export const UploadIcon = icon(
  "M12 15.5V4.5m0 0L7.5 9M12 4.5 16.5 9M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3",
);
export const WarningIcon = icon(
  "M12 8.5v4.25M12 16h.01M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z",
);
export const PreviousIcon = icon("m14.5 6-6 6 6 6");
export const NextIcon = icon("m9.5 6 6 6-6 6");
export const CloseIcon = icon("m6 6 12 12M18 6 6 18");
export const LiveIcon = icon("M3 12h4l2.5-7 5 14L17 12h4");
export const PredictIcon = icon(
  "M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2 M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
);
export const HistoryIcon = icon("M12 7.5V12l3 2 M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4.5v4h4");
export const AccuracyIcon = icon(
  "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Z M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 2v3M12 19v3M2 12h3M19 12h3",
);
export const ModelsIcon = icon(
  "m12 3 9 4.75-9 4.75-9-4.75L12 3Z m3 12.25 9 4.75 9-4.75M3 16.5l9 4.75 9-4.75",
);
export const DataIcon = icon(
  "M7.5 4.5h12v12h-12z M4.5 8v11.5H16 M7.5 13.5l3.5-3.5 5 6.5 M16 8.25h.01",
);
export const TrainingIcon = icon("M4 20V4M4 20h16 M7.5 7c1.5 6 4.5 9 11.5 9.5");
export const ShieldIcon = icon(
  "M12 3.5 5 6v5.5c0 4.3 2.9 7.4 7 9 4.1-1.6 7-4.7 7-9V6l-7-2.5Z M9 12l2.2 2.2L15 10.4",
);
export const PersonIcon = icon(
  "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z M4.5 20c.8-3.5 3.7-5.5 7.5-5.5s6.7 2 7.5 5.5",
);
export const SunIcon = icon(
  "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4",
);
export const MoonIcon = icon("M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z");
export const SystemIcon = icon(
  "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Z M12 4v16M12 8l5-2.5M12 12h8M12 16l5 2.5",
);
export const CameraIcon = icon(
  "M4 8h3l1.6-2.4A1.5 1.5 0 0 1 9.8 5h4.4a1.5 1.5 0 0 1 1.2.6L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
);
export const PhoneIcon = icon(
  "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3ZM11 18h2",
);
export const CheckIcon = icon("m5 12.5 4.5 4.5L19 7.5");
export const DownloadIcon = icon(
  "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 16v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-2",
);
export const GridIcon = icon(
  "M4 4h6.5v6.5H4zM13.5 4H20v6.5h-6.5zM4 13.5h6.5V20H4zM13.5 13.5H20V20h-6.5z",
);
export const TableIcon = icon("M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9");

export function ImageIcon({ className }: IconProps) {
  return (
    <svg className={className} {...stroked}>
      <rect x="3.5" y="4.5" width="17" height="15" rx="2" />
      <circle cx="9" cy="10" r="1.75" />
      <path d="m4 17 4.5-4 3.5 3 3.5-3.5 4.5 4" />
    </svg>
  );
}
