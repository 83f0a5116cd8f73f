//! Enums whose values have names: each value is written once, with its name for programs and, if that differs, its label for users.

/// Declares an enum with `ALL`, `name`, `named`, `label` and `Display`, in the order of the values. `serde enum` adds JSON by these names.
macro_rules! named_enum {
    (@label $name:tt) => { $name };
    (@label $name:tt $label:tt) => { $label };
    ($(#[$meta:meta])* pub serde enum $type:ident { $($(#[$of:meta])* $value:ident = $name:tt,)+ }) => {
        $crate::model::named_enum! {
            $(#[$meta])*
            #[derive(serde::Serialize, serde::Deserialize)]
            pub enum $type { $($(#[$of])* #[serde(rename = $name)] $value = $name,)+ }
        }
    };
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$of:meta])* $value:ident = $name:tt $(or $label:tt)?,)+ }) => {
        $(#[$meta])*
        pub enum $type { $($(#[$of])* $value,)+ }

        impl $type {
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$value),+];

            /// For programs: in JSON, settings and the store.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)+ }
            }

            /// As users read it.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$value => $crate::model::named_enum!(@label $name $($label)?),)+ }
            }

            #[must_use]
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == text)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.label())
            }
        }
    };
}

pub(crate) use named_enum;
