//! A project's event filter: a tree of conditions for the events that it drops.

use serde::{Deserialize, Serialize};

/// PostHog's own limits of a tree.
const DEEPEST: usize = 5;
const MOST_CONDITIONS: usize = 20;

/// An event filter, in PostHog's JSON format. It applies to both projects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// Whether the filter is active.
    pub mode: FilterMode,
    /// The condition for dropping an event.
    pub filter_tree: FilterNode,
}

/// What a filter does with matching events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterMode {
    /// Nothing.
    Disabled,
    /// Counts them.
    DryRun,
    /// Drops them.
    Live,
}

/// A node of the condition tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FilterNode {
    /// All children match; false without children.
    And {
        /// The child nodes.
        children: Vec<FilterNode>,
    },
    /// At least one child matches.
    Or {
        /// The child nodes.
        children: Vec<FilterNode>,
    },
    /// The child does not match.
    Not {
        /// The child node.
        child: Box<FilterNode>,
    },
    /// A comparison with a field of the event.
    Condition {
        /// The compared field.
        field: FilterField,
        /// The comparison.
        operator: FilterOperator,
        /// The text to compare with.
        value: String,
    },
}

/// The fields of an event that a filter can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterField {
    /// The event name.
    EventName,
    /// The distinct id.
    DistinctId,
}

/// The comparisons of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterOperator {
    /// The field equals the text.
    Exact,
    /// The field contains the text.
    Contains,
}

impl EventFilter {
    /// A live filter that drops events with these names.
    pub(crate) fn of_names(names: &[String]) -> Self {
        let condition =
            |name: &String| FilterNode::Condition { field: FilterField::EventName, operator: FilterOperator::Exact, value: name.clone() };
        Self { mode: FilterMode::Live, filter_tree: FilterNode::Or { children: names.iter().map(condition).collect() } }
    }

    pub(crate) fn drops(&self, event: &str, distinct_id: &str) -> bool {
        self.mode == FilterMode::Live && self.filter_tree.holds(event, distinct_id)
    }

    /// The reason why PostHog would reject the filter.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let mut conditions = 0;
        match self.filter_tree.depth(&mut conditions) {
            Err(()) => Some("the value of a condition must not be empty"),
            Ok(depth) if depth > DEEPEST + 1 => Some("the tree is deeper than 5 levels"),
            Ok(_) if conditions > MOST_CONDITIONS => Some("the tree has more than 20 conditions"),
            Ok(_) => None,
        }
    }
}

impl FilterNode {
    fn holds(&self, event: &str, distinct_id: &str) -> bool {
        match self {
            Self::And { children } => !children.is_empty() && children.iter().all(|child| child.holds(event, distinct_id)),
            Self::Or { children } => children.iter().any(|child| child.holds(event, distinct_id)),
            Self::Not { child } => !child.holds(event, distinct_id),
            Self::Condition { field, operator, value } => {
                let found = match field {
                    FilterField::EventName => event,
                    FilterField::DistinctId => distinct_id,
                };
                match operator {
                    FilterOperator::Exact => found == value,
                    FilterOperator::Contains => found.contains(value),
                }
            }
        }
    }

    /// Counts levels and conditions; an error if the value of a condition is empty.
    fn depth(&self, conditions: &mut usize) -> Result<usize, ()> {
        let children = match self {
            Self::And { children } | Self::Or { children } => children.as_slice(),
            Self::Not { child } => std::slice::from_ref(&**child),
            Self::Condition { value, .. } => {
                *conditions += 1;
                return if value.is_empty() { Err(()) } else { Ok(1) };
            }
        };
        let depths = children.iter().map(|child| child.depth(conditions)).collect::<Result<Vec<_>, _>>()?;
        Ok(1 + depths.into_iter().max().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn filter(mode: &str, tree: &Value) -> EventFilter {
        serde_json::from_value(json!({"mode": mode, "filter_tree": tree})).unwrap()
    }

    #[test]
    fn an_allow_list_drops_all_else() {
        let pageview = json!({"type": "condition", "field": "event_name", "operator": "exact", "value": "$pageview"});
        let tree = json!({"type": "or", "children": [{"type": "not", "child": pageview}]});
        assert!(filter("live", &tree).drops("heartbeat", "someone"));
        assert!(!filter("live", &tree).drops("$pageview", "someone"));
        assert!(!filter("dry_run", &tree).drops("heartbeat", "someone"));
        assert!(!filter("disabled", &tree).drops("heartbeat", "someone"));
    }

    #[test]
    fn groups_without_nodes_drop_nothing_and_conditions_can_look_for_a_part() {
        for group in ["and", "or"] {
            assert!(!filter("live", &json!({"type": group, "children": []})).drops("heartbeat", "someone"), "{group}");
        }
        let part = json!({"type": "condition", "field": "distinct_id", "operator": "contains", "value": "bot"});
        assert!(filter("live", &part).drops("heartbeat", "a robot"));
        assert!(!filter("live", &part).drops("robot", "someone"));
    }

    #[test]
    fn what_posthog_would_not_save_has_a_fault() {
        let condition = |value: &str| json!({"type": "condition", "field": "event_name", "operator": "exact", "value": value});
        assert_eq!(filter("live", &condition("a")).fault(), None);
        assert!(filter("live", &condition("")).fault().is_some());
        assert!(filter("live", &json!({"type": "or", "children": vec![condition("a"); 21]})).fault().is_some());
        let deep = (0..7).fold(condition("a"), |child, _| json!({"type": "not", "child": child}));
        assert!(filter("live", &deep).fault().is_some());
    }
}
