//! One part of a list. It is read with one item more than it holds, which shows whether there is another part.

/// Removes what is beyond `limit`. Returns the place of the last item, as `place` writes it, if another part follows.
pub(super) fn cut<T, P>(items: &mut Vec<T>, limit: usize, place: impl FnOnce(&T) -> P) -> Option<P> {
    let is_more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| is_more).map(place)
}
