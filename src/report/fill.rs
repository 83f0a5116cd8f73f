//! Fills a page with whole minutes.

use crate::model::Minute;

/// Gives `add` the items of the minutes from `from` on, newest first, until it says that the page is full. A minute is never split. Returns
/// the minute that it reached.
pub(super) fn fill<T>(items: Vec<T>, from: Minute, minute_of: impl Fn(&T) -> Minute, mut add: impl FnMut(T) -> bool) -> Minute {
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let minute = minute_of(&item);
        let is_full = add(item);
        if is_full && items.peek().is_none_or(|next| minute_of(next) != minute) {
            return minute;
        }
    }
    from
}
