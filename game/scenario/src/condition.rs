//! Conditions of beats and jumps, as data.

use crate::question::Reply;
use crate::room::Site;
use crate::state::{Choices, Information};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When something happens.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub enum Condition {
    /// Always.
    #[default]
    Always,
    /// This question was answered with this option.
    Is(String, String),
    /// This question was answered with at least this number.
    AtLeast(String, f64),
    /// The second question's number is at least `by` above the first's.
    Rise {
        /// Earlier question.
        from: String,
        /// Later question.
        to: String,
        /// Least rise.
        by: f64,
    },
    /// The patient wants at least this much to be told.
    Information(Information),
    /// The patient chose to see their own inside.
    Anatomy,
    /// A setting of the department has this value.
    Site(String, String),
    /// The plan has at least this many beams.
    BeamsAtLeast(usize),
    /// The opposite.
    Not(Box<Condition>),
    /// All of them.
    All(Vec<Condition>),
    /// One of them at least.
    Any(Vec<Condition>),
}

/// What conditions look at.
pub(crate) struct Facts<'a> {
    pub answers: &'a BTreeMap<String, Reply>,
    pub choices: &'a Choices,
    pub site: &'a Site,
    pub beams: usize,
}

impl Condition {
    pub(crate) fn holds(&self, facts: &Facts) -> bool {
        let number = |q: &String| facts.answers.get(q).and_then(Reply::number);
        match self {
            Self::Always => true,
            Self::Is(question, option) => facts.answers.get(question).is_some_and(|r| r.chose(option)),
            Self::AtLeast(question, least) => number(question).is_some_and(|n| n >= *least),
            Self::Rise { from, to, by } => match (number(from), number(to)) {
                (Some(a), Some(b)) => b - a >= *by,
                _ => false,
            },
            Self::Information(least) => facts.choices.information >= *least,
            Self::Anatomy => facts.choices.anatomy,
            Self::Site(name, value) => facts.site.value(name) == Some(value.as_str()),
            Self::BeamsAtLeast(n) => facts.beams >= *n,
            Self::Not(c) => !c.holds(facts),
            Self::All(all) => all.iter().all(|c| c.holds(facts)),
            Self::Any(any) => any.iter().any(|c| c.holds(facts)),
        }
    }

    /// Every question, option and site setting it names.
    pub(crate) fn names(&self, visit: &mut dyn FnMut(Named)) {
        match self {
            Self::Is(q, o) => visit(Named::Option(q, o)),
            Self::AtLeast(q, _) => visit(Named::Number(q)),
            Self::Rise { from, to, .. } => {
                visit(Named::Number(from));
                visit(Named::Number(to));
            }
            Self::Site(name, value) => visit(Named::Site(name, value)),
            Self::Not(c) => c.names(visit),
            Self::All(cs) | Self::Any(cs) => cs.iter().for_each(|c| c.names(visit)),
            Self::Always | Self::Information(_) | Self::Anatomy | Self::BeamsAtLeast(_) => {}
        }
    }
}

/// What a condition names.
pub(crate) enum Named<'a> {
    Option(&'a str, &'a str),
    Number(&'a str),
    Site(&'a str, &'a str),
}
