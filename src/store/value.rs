//! Values of columns, and the types that a column stores as an integer.

use std::time::Duration;

use sqlx::query::Query;
use sqlx::{Encode, Type};
use uuid::Uuid;

use crate::model::{
    ChannelId, Digest, EntryKind, IncidentId, IncidentKind, Minute, NotificationKind, NotificationState, Outcome, Phase, ProjectId,
    ReadbackErrorKind, RejectionReason, Role, RouteId, Severity, Timestamp, TokenId, TokenStatus, UserId,
};

/// A value for a placeholder. NULL has a type too, because PostgreSQL needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

pub(super) fn bind<D>(mut query: Query<'static, D, D::Arguments>, values: Vec<Value>) -> Query<'static, D, D::Arguments>
where
    D: sqlx::Database,
    for<'v> Option<i64>: Encode<'v, D> + Type<D>,
    for<'v> Option<String>: Encode<'v, D> + Type<D>,
    for<'v> Option<Vec<u8>>: Encode<'v, D> + Type<D>,
{
    for value in values {
        query = match value {
            Value::Int(int) => query.bind(int),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

impl Value {
    /// NULL of the same type.
    pub(super) const fn null(&self) -> Self {
        match self {
            Self::Int(_) => Self::Int(None),
            Self::Text(_) => Self::Text(None),
            Self::Bytes(_) => Self::Bytes(None),
        }
    }
}

/// A type whose values can be bound to a placeholder.
pub(super) trait Bind {
    fn value(this: Option<Self>) -> Value
    where
        Self: Sized;
}

/// A type that a column stores as an integer.
pub(super) trait Whole: Sized {
    fn int(self) -> i64;

    /// `None` for a number that does not stand for any value.
    fn of_int(int: i64) -> Option<Self>;
}

impl<T: Bind> From<T> for Value {
    fn from(value: T) -> Self {
        T::value(Some(value))
    }
}

impl<T: Bind> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        T::value(value)
    }
}

impl<T: Whole> Bind for T {
    fn value(this: Option<Self>) -> Value {
        Value::Int(this.map(Self::int))
    }
}

/// PostgreSQL text cannot contain a zero byte, and texts of other servers may: it becomes U+FFFD.
impl Bind for String {
    fn value(this: Option<Self>) -> Value {
        Value::Text(this.map(|text| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }))
    }
}

impl Bind for &str {
    fn value(this: Option<Self>) -> Value {
        String::value(this.map(str::to_owned))
    }
}

impl Bind for Vec<u8> {
    fn value(this: Option<Self>) -> Value {
        Value::Bytes(this)
    }
}

impl Bind for Uuid {
    fn value(this: Option<Self>) -> Value {
        Value::Bytes(this.map(|id| id.into_bytes().to_vec()))
    }
}

impl Bind for &Digest {
    fn value(this: Option<Self>) -> Value {
        Value::Bytes(this.map(|digest| digest.as_bytes().to_vec()))
    }
}

/// Each line: how a value becomes an integer, how an integer becomes a value, and the types for which this holds.
macro_rules! whole {
    ($($value:ident => $to_int:expr, $int:ident => $of_int:expr, [$($type:ty),+];)+) => {
        $($(impl Whole for $type {
            fn int(self) -> i64 {
                let $value = self;
                $to_int
            }

            fn of_int($int: i64) -> Option<Self> {
                $of_int
            }
        })+)+
    };
}

whole! {
    number => number, int => Some(int), [i64];
    number => number.into(), int => int.try_into().ok(), [i32, u8, u16, u32];
    number => number as i64, int => Some(int as Self), [u64];
    flag => flag.into(), int => Some(int != 0), [bool];
    at => at.ms(), int => Some(Self::from_ms(int)), [Timestamp];
    minute => minute.index(), int => Some(Self::from_index(int)), [Minute];
    time => time.as_millis() as i64, int => u64::try_from(int).ok().map(Self::from_millis), [Duration];
    id => id.0, int => Some(Self(int)), [ChannelId, IncidentId, ProjectId, RouteId, TokenId, UserId];
    outcome => outcome.code().into(), int => int.try_into().ok().and_then(Self::of_code), [Outcome];
    phase => place_of(&phase, &Phase::ALL), int => at_place(int, &Phase::ALL), [Phase];
    one => place_of(&one, &Self::ALL), int => at_place(int, &Self::ALL),
        [EntryKind, IncidentKind, NotificationKind, NotificationState, ReadbackErrorKind, RejectionReason, Role, Severity, TokenStatus];
}

pub(super) fn place_of<T: PartialEq>(one: &T, all: &[T]) -> i64 {
    all.iter().position(|other| other == one).map_or(-1, |at| at as i64)
}

pub(super) fn at_place<T: Copy>(place: i64, all: &[T]) -> Option<T> {
    usize::try_from(place).ok().and_then(|at| all.get(at).copied())
}
