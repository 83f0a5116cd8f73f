//! The screen of the demo on a terminal. Text that does not fit is wrapped, or ends with `…`.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Paragraph, Row, Table};

use super::board::Board;
use super::faults::{ActiveFaults, Fault};
use super::flow::{clipped, flowed, limited, words};
use crate::cli::figures::{counts, percentiles};
use crate::judge::Health;
use crate::model::{Message, NotificationKind, Outcome, Recorded, span};
use crate::report::route_name;

const VERDICT_LINES: usize = 3;
const MESSAGE_LINES: usize = 4;
/// With the border and the heads of the columns.
const LEAST_BEATS: usize = 4;
/// Above the verdict, the messages and the keys.
const BORDERS: usize = 3;

pub(super) struct Around<'a> {
    pub(super) address: &'a str,
    /// One-time link to the page.
    pub(super) link: &'a str,
    /// Shown beside the link.
    pub(super) note: &'a str,
    pub(super) speed: String,
    pub(super) active_faults: &'a ActiveFaults,
    /// None when the demo has no end.
    pub(super) left: Option<Duration>,
    pub(super) colour: bool,
}

pub(super) fn draw(frame: &mut Frame<'_>, board: &Board, around: &Around<'_>) {
    let width = usize::from(frame.area().width);
    // The border of each line, and the mark of a text that goes on.
    let screen = Screen { board, around, text_width: width.saturating_sub(4) };
    let [title, mut verdict, mut hour, mut messages, keys] =
        [screen.title(), screen.verdict(), screen.last_hour(), screen.messages(), screen.keys()];
    // A low screen cuts texts that go on anyway, and never the link and the keys.
    let lines: usize = [&title, &verdict, &hour, &messages, &keys].map(Vec::len).iter().sum();
    let mut surplus = (lines + BORDERS + LEAST_BEATS).saturating_sub(usize::from(frame.area().height));
    for part in [&mut messages, &mut hour, &mut verdict] {
        let gone = surplus.min(part.len().saturating_sub(1));
        let kept = part.len() - gone;
        *part = limited(std::mem::take(part), kept);
        surplus -= gone;
    }
    let height = |lines: &[Line<'_>], border: u16| Constraint::Length(lines.len() as u16 + border);
    let whole = Constraint::Min(title.len() as u16);
    let parts = [whole, height(&verdict, 1), height(&hour, 0), Constraint::Fill(1), height(&messages, 1), height(&keys, 1)];
    let [of_title, of_verdict, of_hour, of_beats, of_messages, of_keys] = Layout::vertical(parts).areas(frame.area());
    let plain = Block::new().padding(Padding::horizontal(1));
    let below = plain.clone().borders(Borders::TOP);
    frame.render_widget(Paragraph::new(title).block(plain.clone()), of_title);
    frame.render_widget(Paragraph::new(verdict).block(below.clone()), of_verdict);
    frame.render_widget(Paragraph::new(hour).block(plain), of_hour);
    frame.render_widget(screen.beats(&columns(width)).block(below.clone().title(" beats ")), of_beats);
    frame.render_widget(Paragraph::new(messages).block(below.clone().title(" messages ")), of_messages);
    let faults = clipped(&format!("faults: {}", around.active_faults.label()), screen.text_width);
    frame.render_widget(Paragraph::new(keys).block(below.title(format!(" {faults} "))), of_keys);
}

struct Screen<'a> {
    board: &'a Board,
    around: &'a Around<'a>,
    /// Of a line, without the mark of a text that goes on.
    text_width: usize,
}

impl<'a> Screen<'a> {
    fn paint(&self, colour: Color) -> Style {
        if self.around.colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn flowed(&self, text: &str, style: Style) -> Vec<Line<'a>> {
        flowed(words(text, style), " ", self.text_width)
    }

    fn title(&self) -> Vec<Line<'a>> {
        let Around { address, link, note, speed, left, .. } = self.around;
        let time = format!("{} UTC", self.board.report.at.time_of_day());
        let parts = [time, format!("{speed} faster than real time"), format!("sandbox {address}")];
        let left = left.map(|left| format!("ends in {}", span(left)));
        let name = Span::styled("heartbeat demo", self.paint(Color::Cyan).add_modifier(Modifier::BOLD));
        let head = std::iter::once(name).chain(parts.into_iter().chain(left).map(Span::raw));
        let page = ["page".into(), Span::styled(*link, Style::new().add_modifier(Modifier::UNDERLINED)), (*note).into()];
        [flowed(head, " · ", self.text_width), flowed(page, " ", self.text_width)].concat()
    }

    fn verdict(&self) -> Vec<Line<'a>> {
        let verdict = &self.board.report.verdict;
        let (colour, sign) = match verdict.health {
            Health::Up => (Color::Green, "●"),
            Health::Pending | Health::Disabled | Health::Unverified => (Color::Gray, "○"),
            Health::Degraded => (Color::Yellow, "◐"),
            Health::Down => (Color::Red, "✗"),
            Health::Unknown | Health::NotRunning => (Color::Magenta, "?"),
        };
        let text = format!("{sign} {} · {verdict}", verdict.health);
        limited(self.flowed(&text, self.paint(colour).add_modifier(Modifier::BOLD)), VERDICT_LINES)
    }

    fn last_hour(&self) -> Vec<Line<'a>> {
        let report = &self.board.report;
        let minutes = report.strip.len().min(self.text_width.saturating_sub("last 60 min ".len()));
        let head = if minutes < report.strip.len() { format!("last {minutes} min ") } else { "last hour ".to_owned() };
        let mut strip = Line::from(head);
        for minute in report.strip.iter().skip(report.strip.len() - minutes) {
            strip.push_span(minute.map_or(" ".into(), |outcome| Span::styled(outcome.mark().to_string(), self.paint(colour_of(outcome)))));
        }
        let through = report.complete_through.map_or_else(|| "–".into(), |minute| minute.to_string());
        let sums = [format!("complete through {through}"), format!("ingested {}", percentiles(&report.lags).join(" "))];
        let sums = sums.into_iter().chain(counts(|outcome| report.ends.of(outcome))).map(Span::raw);
        std::iter::once(strip).chain(flowed(sums, " · ", self.text_width)).collect()
    }

    fn beats(&self, columns: &[(&Column, usize)]) -> Table<'a> {
        let row = |beat: &Recorded| {
            let style = self.paint(colour_of(beat.outcome));
            Row::new(columns.iter().map(|(column, width)| {
                let text = clipped(&(column.text)(self.board, beat), *width);
                if column.is_painted { Span::styled(text, style) } else { Span::raw(text) }
            }))
        };
        let heads = Row::new(columns.iter().map(|(column, _)| column.head)).style(Style::new().add_modifier(Modifier::DIM));
        let widths = columns.iter().map(|(_, width)| Constraint::Length(*width as u16));
        Table::new(self.board.rows.iter().map(row), widths).header(heads)
    }

    /// The newest message with its text, after the title of the one before.
    fn messages(&self) -> Vec<Line<'a>> {
        let title = |message: &Message| {
            let style = match (message.kind, message.severity.as_str()) {
                (NotificationKind::Resolved, _) => self.paint(Color::Green),
                (_, "critical") => self.paint(Color::Red),
                _ => self.paint(Color::Yellow),
            };
            self.flowed(&format!("{} {}", message.at.time_of_day(), message.title), style.add_modifier(Modifier::BOLD))
        };
        let [before @ .., newest] = self.board.messages.as_slice() else {
            return self.flowed("none yet: start a fault and wait some minutes of the demo's time", Style::new().dim());
        };
        let mut lines = before.last().map(|before| limited(title(before), 1)).unwrap_or_default();
        lines.extend(title(newest));
        lines.extend(newest.text.lines().flat_map(|line| self.flowed(line, Style::new())));
        limited(lines, MESSAGE_LINES)
    }

    fn keys(&self) -> Vec<Line<'a>> {
        let faults = (1..).zip(Fault::ALL).map(|(number, fault)| {
            let is_on = self.around.active_faults.has(fault);
            let style = if is_on { self.paint(Color::Yellow).add_modifier(Modifier::REVERSED) } else { Style::new() };
            Span::styled(format!("[{number}] {}{}", fault.label(), if is_on { " ✓" } else { "" }), style)
        });
        flowed(faults.chain(["[0] no faults".into(), "[o] page".into(), "[q] quit".into()]), "  ", self.text_width)
    }
}

/// A column of the table of beats.
struct Column {
    head: &'static str,
    width: usize,
    /// The width of the screen from which it is shown.
    from: usize,
    is_painted: bool,
    text: fn(&Board, &Recorded) -> String,
}

impl Column {
    const fn new(head: &'static str, width: usize, text: fn(&Board, &Recorded) -> String) -> Self {
        Self { head, width, from: 0, is_painted: false, text }
    }

    const fn of_phase(head: &'static str, width: usize, text: fn(&Board, &Recorded) -> String) -> Self {
        Self { from: 111, ..Self::new(head, width, text) }
    }
}

/// The position of the capture result: it takes the room that is left.
const FLEXIBLE: usize = 2;
/// Of the capture result.
const MAX_WIDTH: usize = 22;

static COLUMNS: [Column; 10] = [
    Column::new("minute", 6, |_, beat| beat.minute.to_string()),
    Column::new("route", 16, |board, beat| route_name(&board.report.project, beat.route).to_owned()),
    Column::new("capture", 12, Board::capture_result),
    Column::of_phase("dns", 7, |_, beat| ms(beat.phases.dns_us)),
    Column::of_phase("tcp", 7, |_, beat| ms(beat.phases.connect_us)),
    Column::of_phase("tls", 7, |_, beat| ms(beat.phases.tls_us)),
    Column::of_phase("first byte", 10, |_, beat| ms(beat.phases.first_byte_us)),
    Column { is_painted: true, ..Column::new("outcome", 11, |_, beat| beat.outcome.label().to_owned()) },
    Column::new("ingested", 8, |_, beat| beat.ingested_lag().map_or_else(String::new, span)),
    Column { from: 76, ..Column::new("queryable", 16, queryable) },
];

/// The columns that fit, with their widths.
fn columns(screen: usize) -> Vec<(&'static Column, usize)> {
    let mut shown: Vec<(&Column, usize)> =
        COLUMNS.iter().filter(|column| column.from <= screen).map(|column| (column, column.width)).collect();
    let used: usize = shown.iter().map(|(_, width)| width + 1).sum::<usize>() + 1;
    if let Some((_, width)) = shown.get_mut(FLEXIBLE) {
        *width = (*width + screen.saturating_sub(used)).min(MAX_WIDTH);
    }
    shown
}

fn ms(us: Option<u32>) -> String {
    us.map_or_else(|| "–".into(), |us| format!("{:.1}ms", f64::from(us) / 1e3))
}

fn queryable(_: &Board, beat: &Recorded) -> String {
    let waits = matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost);
    let waited = beat.missed.filter(|_| waits).map(|missed| format!("not after {}", span(missed.since(beat.counted_from()))));
    let queryable = beat.queryable_lag().map(|(after, within)| format!("{} – {}", span(after), span(within)));
    queryable.or(waited).unwrap_or_default()
}

const fn colour_of(outcome: Outcome) -> Color {
    match outcome {
        Outcome::Arrived => Color::Green,
        Outcome::Late => Color::Yellow,
        Outcome::Awaiting | Outcome::NotSent => Color::Gray,
        Outcome::Lost | Outcome::Rejected | Outcome::Unreachable => Color::Red,
        Outcome::Unverified => Color::Magenta,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::Demo;
    use crate::clock::Speed;
    use crate::lifecycle::Stop;
    use crate::model::{Minute, Severity};

    /// A board of a demo that just began, with a beat of each outcome and two long messages.
    async fn board(link: &str) -> (Board, String) {
        let (handle, stop) = Stop::by_hand();
        let (running, work) = Demo::set_up(Speed::parse("12").unwrap()).await.unwrap().start(stop);
        let mut board = Board::read(&running).await.unwrap();
        let address = running.address.clone();
        handle.stop();
        work.await.unwrap().unwrap();
        let route = board.report.project.routes[0].id;
        let beat = |outcome| Recorded { outcome, status: None, ..Recorded::blank(route, Minute::from_index(29_000_000)) };
        board.rows = Outcome::ALL.map(beat).to_vec();
        let message = Message {
            version: 1,
            kind: NotificationKind::Opened,
            test: false,
            merged: false,
            at: board.report.at,
            title: format!("[critical] demo: {link} accepts the connection but sends no complete response"),
            text: "Beats do not arrive since 14:32 UTC. ".repeat(20),
            project: "demo".into(),
            severity: Severity::Critical.name().into(),
            incident: None,
            channel: None,
        };
        board.messages = vec![message.clone(), message];
        (board, address)
    }

    #[tokio::test]
    async fn nothing_is_cut_without_a_mark() {
        let link = format!("http://127.0.0.1:40000/enter/{}", "k".repeat(43));
        let (board, address) = board(&link).await;
        let mut active_faults = ActiveFaults::default();
        for fault in Fault::ALL {
            active_faults.toggle(fault);
        }
        for (width, height) in [(60, 24), (60, 40), (80, 24), (80, 40), (112, 40), (160, 40)] {
            let around = Around {
                address: &address,
                link: &link,
                note: "no browser found",
                speed: "12×".into(),
                active_faults: &active_faults,
                left: Some(Duration::from_secs(570)),
                colour: true,
            };
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &board, &around)).unwrap();
            let buffer = terminal.backend().buffer().clone();
            let lines: Vec<String> =
                buffer.content.chunks(usize::from(width)).map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect();
            let drawn = lines.join("\n");
            let joined = lines.iter().map(|line| line.trim()).collect::<String>();
            for whole in [&address, &link, "ends in 9m 30s", "no browser found", "[5] cut connections ✓", "[q] quit"] {
                assert!(drawn.contains(whole) || joined.contains(whole), "{width}×{height}: {whole}\n{drawn}");
            }
            assert!(height < 40 || drawn.contains("unreachable"), "{width}: all beats fit\n{drawn}");
            assert_eq!(drawn.contains("queryable"), width >= 80, "{drawn}");
            assert_eq!(drawn.contains("first byte"), width >= 112, "{drawn}");
            let messages = drawn.split_once(" messages ").unwrap().1;
            assert!(messages.contains(" …"), "{width}: the text of a message goes on\n{drawn}");
            assert!(drawn.contains(", break the key ") || drawn.contains("… ─"), "{width}: the title of the faults\n{drawn}");
        }
    }

    #[test]
    fn the_columns_fit() {
        for width in 60..200 {
            let used: usize = columns(width).iter().map(|(_, width)| width + 1).sum();
            assert!(used < width, "{used} of {width}");
        }
    }
}
