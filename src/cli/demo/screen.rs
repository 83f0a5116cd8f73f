//! The screen of the demo on a terminal.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Padding, Paragraph, Row, Table, Wrap};

use super::board::Board;
use super::faults::{ActiveFaults, Fault};
use crate::judge::Health;
use crate::model::{Message, NotificationKind, Outcome, Recorded, span};

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
    let narrow = frame.area().width < 100;
    let verdict_lines = if narrow { 4 } else { 3 };
    let key_lines = if narrow { 4 } else { 3 };
    let parts = [
        Constraint::Length(2),
        Constraint::Length(verdict_lines),
        Constraint::Length(if narrow { 3 } else { 2 }),
        Constraint::Min(4),
        Constraint::Length(message_lines(board)),
        Constraint::Length(key_lines),
    ];
    let [head, verdict, hour, beats, inbox, faults] = Layout::vertical(parts).areas(frame.area());
    frame.render_widget(Paragraph::new(title(board, around)), head);
    frame.render_widget(verdict_of(board, around), verdict);
    frame.render_widget(Paragraph::new(last_hour(board, around)).wrap(Wrap { trim: false }), hour);
    frame.render_widget(table(board, around, narrow), beats);
    frame.render_widget(messages(board, around), inbox);
    frame.render_widget(keys(around), faults);
}

/// Lines for the messages, with the border.
const fn message_lines(board: &Board) -> u16 {
    if board.messages.is_empty() { 2 } else { 5 }
}

/// The newest message with its text, and the title of the one before.
fn messages<'a>(board: &Board, around: &Around<'_>) -> Paragraph<'a> {
    let block = Block::new().borders(Borders::TOP).title(" messages ").padding(Padding::left(1));
    let title = |message: &Message| {
        let style = match (message.kind, message.severity.as_str()) {
            (NotificationKind::Resolved, _) => paint(around, Color::Green),
            (_, "critical") => paint(around, Color::Red),
            _ => paint(around, Color::Yellow),
        };
        Line::styled(format!("{} {}", message.at.time_of_day(), message.title), style.add_modifier(Modifier::BOLD))
    };
    let mut lines = Vec::new();
    match board.messages.as_slice() {
        [] => lines.push(Line::styled("none yet: start a fault and wait some minutes of the demo's time", Style::new().dim())),
        [before @ .., newest] => {
            lines.extend(before.last().map(title));
            lines.push(title(newest));
            lines.extend(newest.text.lines().map(|line| Line::raw(format!("  {line}"))));
        }
    }
    Paragraph::new(lines).block(block)
}

fn title<'a>(board: &Board, around: &Around<'a>) -> Vec<Line<'a>> {
    let left = around.left.map_or_else(String::new, |left| format!(" · ends in {}", span(left)));
    let page = Line::from(vec![
        Span::raw(" page "),
        Span::styled(around.link, Style::new().add_modifier(Modifier::UNDERLINED)),
        Span::raw(format!("  {}", around.note)),
    ]);
    let head = Line::from(vec![
        Span::styled(" heartbeat demo ", paint(around, Color::Cyan).add_modifier(Modifier::BOLD)),
        Span::raw(format!(
            " {} UTC · {} faster than real time · sandbox {}{left}",
            board.report.at.time_of_day(),
            around.speed,
            around.address
        )),
    ]);
    vec![head, page]
}

fn verdict_of<'a>(board: &Board, around: &Around<'_>) -> Paragraph<'a> {
    let verdict = &board.report.verdict;
    let (colour, sign) = match verdict.health {
        Health::Up => (Color::Green, "●"),
        Health::Pending | Health::Disabled | Health::Unverified => (Color::Gray, "○"),
        Health::Degraded => (Color::Yellow, "◐"),
        Health::Down => (Color::Red, "✗"),
        Health::Unknown | Health::NotRunning => (Color::Magenta, "?"),
    };
    let style = paint(around, colour).add_modifier(Modifier::BOLD);
    let text = Line::from(vec![Span::styled(format!(" {sign} {} · ", verdict.health), style), Span::styled(verdict.to_string(), style)]);
    Paragraph::new(text).wrap(Wrap { trim: false }).block(Block::new().borders(Borders::TOP))
}

fn last_hour<'a>(board: &Board, around: &Around<'_>) -> Vec<Line<'a>> {
    let report = &board.report;
    let mut strip = vec![Span::raw(" last hour ")];
    strip.extend(report.strip.iter().map(|minute| match minute {
        Some(outcome) => Span::styled(outcome.mark().to_string(), paint(around, colour_of(*outcome))),
        None => Span::raw(" "),
    }));
    let through = report.complete_through.map_or_else(|| "–".into(), |minute| minute.to_string());
    let lag = |lag: Option<Duration>| lag.map_or_else(|| "–".into(), span);
    let (p50, p95, p99) = (lag(report.lags.p50), lag(report.lags.p95), lag(report.lags.p99));
    let ends = |outcome| report.ends.of(outcome);
    let counts: Vec<String> =
        [Outcome::Arrived, Outcome::Late, Outcome::Awaiting, Outcome::Lost, Outcome::Rejected, Outcome::Unreachable, Outcome::Unverified]
            .into_iter()
            .filter(|outcome| ends(*outcome) > 0)
            .map(|outcome| format!("{} {outcome}", ends(outcome)))
            .collect();
    let sums = format!(" complete through {through} · ingested p50 {p50} p95 {p95} p99 {p99} · {}", counts.join(", "));
    vec![Line::from(strip), Line::raw(sums)]
}

fn table<'a>(board: &Board, around: &Around<'_>, narrow: bool) -> Table<'a> {
    let rows: Vec<Row<'a>> = board.rows.iter().map(|beat| row(board, beat, around, narrow)).collect();
    let mut heads = vec!["minute", "route", "capture result"];
    let mut widths = vec![Constraint::Length(6), Constraint::Length(17), Constraint::Length(if narrow { 14 } else { 22 })];
    if !narrow {
        heads.extend(["dns", "tcp", "tls", "first byte"]);
        widths.extend([Constraint::Length(7), Constraint::Length(7), Constraint::Length(7), Constraint::Length(10)]);
    }
    heads.extend(["outcome", "ingested", "queryable"]);
    widths.extend([Constraint::Length(11), Constraint::Length(9), Constraint::Min(14)]);
    let header = Row::new(heads).style(Style::new().add_modifier(Modifier::DIM));
    let block = Block::new().borders(Borders::TOP).title(" beats ").padding(Padding::left(1));
    Table::new(rows, widths).header(header).block(block)
}

fn row<'a>(board: &Board, beat: &Recorded, around: &Around<'_>, narrow: bool) -> Row<'a> {
    let ms = |us: Option<u32>| Cell::from(us.map_or_else(|| "–".into(), |us| format!("{:.1}ms", f64::from(us) / 1e3)));
    let mut cells =
        vec![Cell::from(beat.minute.to_string()), Cell::from(board.route(beat.route).to_owned()), Cell::from(board.capture_result(beat))];
    if !narrow {
        let phases = beat.phases;
        cells.extend([ms(phases.dns_us), ms(phases.connect_us), ms(phases.tls_us), ms(phases.first_byte_us)]);
    }
    cells.push(Cell::from(Span::styled(beat.outcome.label(), paint(around, colour_of(beat.outcome)))));
    cells.push(Cell::from(beat.ingested_lag().map_or_else(String::new, span)));
    let waits = matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost);
    let waited = beat.missed.filter(|_| waits).map(|missed| format!("not after {}", span(missed.since(beat.counted_from()))));
    let queryable = beat.queryable_lag().map(|(after, within)| format!("{} – {}", span(after), span(within)));
    cells.push(Cell::from(queryable.or(waited).unwrap_or_default()));
    Row::new(cells)
}

fn keys<'a>(around: &Around<'_>) -> Paragraph<'a> {
    let mut made = Vec::new();
    for (number, fault) in (1..).zip(Fault::ALL) {
        let on = around.active_faults.has(fault);
        let style = if on { paint(around, Color::Yellow).add_modifier(Modifier::REVERSED) } else { Style::new() };
        // No line break between a key and its label.
        let label = format!("[{number}] {}{}", fault.label(), if on { " ✓" } else { "" }).replace(' ', "\u{a0}");
        made.push(Span::styled(label, style));
        made.push(Span::raw("  "));
    }
    made.push(Span::raw("[0]\u{a0}no\u{a0}faults  [o]\u{a0}page  [q]\u{a0}quit"));
    let block = Block::new().borders(Borders::TOP).title(format!(" faults: {} ", around.active_faults.label())).padding(Padding::left(1));
    Paragraph::new(Line::from(made)).wrap(Wrap { trim: true }).block(block)
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

fn paint(around: &Around<'_>, colour: Color) -> Style {
    if around.colour { Style::new().fg(colour) } else { Style::new() }
}
