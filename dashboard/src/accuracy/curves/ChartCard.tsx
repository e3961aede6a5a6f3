interface ChartCardProps {
  title: string;
  text: string;
  children: React.ReactNode;
}

/** A chart with what it shows. */
export function ChartCard({ title, text, children }: ChartCardProps) {
  return (
    <section className="card panel" aria-label={title}>
      <div>
        <h2>{title}</h2>
        <p className="muted small">{text}</p>
      </div>
      {children}
    </section>
  );
}
