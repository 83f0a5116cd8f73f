//! A project's event filter: which events it drops, as a tree of conditions.

use serde::{Deserialize, Serialize};

/// How deep a tree may be, and how many conditions it may have: PostHog's own limits.
const DEEPEST: usize = 5;
const MOST_CONDITIONS: usize = 20;

/// The filter of each project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// Whether it drops.
    pub mode: FilterMode,
    /// What it drops.
    pub filter_tree: FilterNode,
}

/// What a filter does with the events that it is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterMode {
    /// Nothing.
    Disabled,
    /// It counts them.
    DryRun,
    /// It drops them.
    Live,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FilterNode {
    /// All of them hold; without any it does not.
    And {
        /// The nodes in it.
        children: Vec<FilterNode>,
    },
    /// One of them holds.
    Or {
        /// The nodes in it.
        children: Vec<FilterNode>,
    },
    /// It does not hold.
    Not {
        /// The node in it.
        child: Box<FilterNode>,
    },
    /// A question about one event.
    Condition {
        /// What is looked at.
        field: FilterField,
        /// How it is compared.
        operator: FilterOperator,
        /// With what.
        value: String,
    },
}

/// What of an event a filter can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterField {
    /// Its name.
    EventName,
    /// Who sent it.
    DistinctId,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterOperator {
    /// It is that text.
    Exact,
    /// It has that text in it.
    Contains,
}

impl EventFilter {
    /// A live one that drops events of these names.
    pub(crate) fn of_names(names: &[String]) -> Self {
        let condition =
            |name: &String| FilterNode::Condition { field: FilterField::EventName, operator: FilterOperator::Exact, value: name.clone() };
        Self { mode: FilterMode::Live, filter_tree: FilterNode::Or { children: names.iter().map(condition).collect() } }
    }

    /// Whether it drops this event.
    pub(crate) fn drops(&self, event: &str, distinct_id: &str) -> bool {
        self.mode == FilterMode::Live && self.filter_tree.holds(event, distinct_id)
    }

    /// What is wrong with it, if PostHog would not take it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let mut conditions = 0;
        match self.filter_tree.depth(&mut conditions) {
            Err(()) => Some("a condition's value must be a text that is not empty"),
            Ok(depth) if depth > DEEPEST + 1 => Some("the tree may be 5 deep"),
            Ok(_) if conditions > MOST_CONDITIONS => Some("the tree may have 20 conditions"),
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

    /// How many nodes deep it is; an error where a condition asks for nothing.
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
