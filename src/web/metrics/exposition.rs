//! Writes metrics in the Prometheus text format (0.0.4), or in `OpenMetrics` 1.0.0 if the scraper prefers it.

use std::borrow::Cow;
use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    Text,
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
}

impl Format {
    pub(super) fn preferred(accept: &str) -> Self {
        let quality = |desired: &str| {
            let ranges = accept.split(',').filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                (parts.next()? == desired).then(|| parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0))
            });
            ranges.fold(0.0, f32::max)
        };
        let open = quality("application/openmetrics-text");
        if open > 0.0 && open >= quality("text/plain") { Self::OpenMetrics } else { Self::Text }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    /// Its name ends in `_total`.
    Counter,
    Histogram,
    /// Always 1; the information is in the labels. Its name ends in `_info`.
    Info,
}

impl Kind {
    /// Type in this format, and the suffix that the format drops from the metric's name.
    const fn in_format(self, format: Format) -> (&'static str, &'static str) {
        match (self, format) {
            (Self::Gauge, _) | (Self::Info, Format::Text) => ("gauge", ""),
            (Self::Counter, Format::Text) => ("counter", ""),
            (Self::Counter, Format::OpenMetrics) => ("counter", "_total"),
            (Self::Histogram, _) => ("histogram", ""),
            (Self::Info, Format::OpenMetrics) => ("info", "_info"),
        }
    }
}

pub(super) struct Exposition {
    format: Format,
    text: String,
}

pub(super) type Labels<'l> = &'l [(&'l str, &'l str)];

impl Exposition {
    pub(super) const fn new(format: Format) -> Self {
        Self { format, text: String::new() }
    }

    pub(super) fn metric(&mut self, name: &'static str, kind: Kind, help: &str) -> Metric<'_> {
        let (of_kind, taken) = kind.in_format(self.format);
        let family = name.strip_suffix(taken).unwrap_or(name);
        // Writing into a String cannot fail, here and below.
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {of_kind}");
        if self.format == Format::OpenMetrics && family.ends_with("_seconds") {
            let _ = writeln!(self.text, "# UNIT {family} seconds");
        }
        Metric { name, text: &mut self.text }
    }

    pub(super) fn end(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

pub(super) struct Metric<'e> {
    name: &'static str,
    text: &'e mut String,
}

impl Metric<'_> {
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: f64) {
        self.line("", labels, None, value);
    }

    /// `counts` has one bucket per bound, each above the previous bound, and a last one above all bounds.
    pub(super) fn histogram(&mut self, labels: Labels<'_>, bounds: &[f64], counts: &[u64], sum: f64) {
        let mut up_to = 0;
        for (at, count) in counts.iter().enumerate() {
            up_to += count;
            // Always as floats: Prometheus treats `1` and `1.0` as two series.
            let bound = bounds.get(at).map_or_else(|| "+Inf".to_owned(), |bound| format!("{bound:?}"));
            self.line("_bucket", labels, Some(("le", &bound)), up_to as f64);
        }
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, up_to as f64);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, more: Option<(&str, &str)>, value: f64) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        for (at, (name, value)) in labels.iter().copied().chain(more).enumerate() {
            self.text.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.text, "{name}=\"{}\"", escaped(value));
        }
        if !labels.is_empty() || more.is_some() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// Both formats have these three escapes.
fn escaped(value: &str) -> Cow<'_, str> {
    if !value.contains(['\\', '"', '\n']) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let mut all = Exposition::new(format);
        all.metric("x_total", Kind::Counter, "How many").sample(&[("route", "a\\b\"c\nd")], 3.0);
        all.metric("x_lag_seconds", Kind::Histogram, "How late").histogram(&[("project", "shop")], &[1.0, 2.5], &[2, 0, 1], 7.5);
        all.metric("x_build_info", Kind::Info, "Which one").sample(&[("version", "1")], 1.0);
        all.metric("x_open", Kind::Gauge, "Open ones").sample(&[], 0.0);
        all.end()
    }

    #[test]
    fn both_formats_are_written_as_they_are_defined() {
        insta::assert_snapshot!(written(Format::Text), @r#"
        # HELP x_total How many
        # TYPE x_total counter
        x_total{route="a\\b\"c\nd"} 3
        # HELP x_lag_seconds How late
        # TYPE x_lag_seconds histogram
        x_lag_seconds_bucket{project="shop",le="1.0"} 2
        x_lag_seconds_bucket{project="shop",le="2.5"} 2
        x_lag_seconds_bucket{project="shop",le="+Inf"} 3
        x_lag_seconds_sum{project="shop"} 7.5
        x_lag_seconds_count{project="shop"} 3
        # HELP x_build_info Which one
        # TYPE x_build_info gauge
        x_build_info{version="1"} 1
        # HELP x_open Open ones
        # TYPE x_open gauge
        x_open 0
        "#);
        insta::assert_snapshot!(written(Format::OpenMetrics), @r#"
        # HELP x How many
        # TYPE x counter
        x_total{route="a\\b\"c\nd"} 3
        # HELP x_lag_seconds How late
        # TYPE x_lag_seconds histogram
        # UNIT x_lag_seconds seconds
        x_lag_seconds_bucket{project="shop",le="1.0"} 2
        x_lag_seconds_bucket{project="shop",le="2.5"} 2
        x_lag_seconds_bucket{project="shop",le="+Inf"} 3
        x_lag_seconds_sum{project="shop"} 7.5
        x_lag_seconds_count{project="shop"} 3
        # HELP x_build Which one
        # TYPE x_build info
        x_build_info{version="1"} 1
        # HELP x_open Open ones
        # TYPE x_open gauge
        x_open 0
        # EOF
        "#);
    }

    #[test]
    fn a_scraper_gets_what_it_prefers() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html, text/plain;q=0.9", Format::Text),
            ("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.3", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (prometheus, Format::OpenMetrics),
        ] {
            assert_eq!(Format::preferred(accept), format, "{accept}");
        }
    }
}
