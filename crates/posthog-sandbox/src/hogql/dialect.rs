//! HogQL's syntax: ClickHouse's dialect, with `$` in names, because the names of PostHog's own properties begin with it.

use std::any::TypeId;

use sqlparser::dialect::{ClickHouseDialect, Dialect};

#[derive(Debug)]
pub(super) struct HogQl;

impl Dialect for HogQl {
    // The parser checks for ClickHouse by this id.
    fn dialect(&self) -> TypeId {
        TypeId::of::<ClickHouseDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch == '$' || ClickHouseDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch == '$' || ClickHouseDialect {}.is_identifier_part(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_limit_by(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }
}
