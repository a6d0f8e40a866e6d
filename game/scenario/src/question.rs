//! What is asked, and what comes back.

use serde::{Deserialize, Serialize};

/// One question.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name: the item of the kept answer.
    pub id: String,
    /// Text key, at most 30 words.
    pub text: String,
    /// How it is answered.
    pub kind: QuestionKind,
    /// Which choice of the session the answer sets.
    #[serde(default)]
    pub sets: Option<Sets>,
    /// Whether the answer is kept in the store. Default true.
    #[serde(default = "yes")]
    pub keep: bool,
}

fn yes() -> bool {
    true
}

/// How a question is answered.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub enum QuestionKind {
    /// A whole number, with words at both ends (text keys).
    Scale {
        /// Lowest.
        from: i32,
        /// Highest.
        to: i32,
        /// Text key at the lowest.
        low: String,
        /// Text key at the highest.
        high: String,
    },
    /// One of the options.
    Choice(Vec<Choice>),
    /// Any number of chips, voice kept as sound, or typed by staff; nothing at all is an answer too.
    Open {
        /// Chips.
        chips: Vec<Choice>,
        /// Voice may be recorded.
        voice: bool,
        /// Staff may type.
        typed: bool,
    },
    /// Nothing to answer: read and go on.
    Note,
}

/// One option.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its name in the kept answer.
    pub id: String,
    /// Text key.
    pub text: String,
    /// Picture for who cannot read, by name (`yes`, `no`, `face-calm`); None for none.
    #[serde(default)]
    pub picture: Option<String>,
    /// Tells the staff when chosen: a reason as a text key.
    #[serde(default)]
    pub alert: Option<String>,
}

/// Which choice of the session an answer sets.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum Sets {
    /// How much is told: options `reassure`, `tell`, `everything`.
    Information,
    /// Where panels sit: `left`, `centre`, `right`.
    PanelSide,
    /// Seeing one's own inside: `yes`, `no`.
    Anatomy,
    /// Pictures for yes and no: `yes`, `no`.
    Pictures,
}

/// What was answered.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub enum Reply {
    /// A number of a scale.
    Number(i32),
    /// An option's name.
    Choice(String),
    /// An open answer.
    Open {
        /// Chosen chips.
        #[serde(default)]
        chips: Vec<String>,
        /// Typed by staff.
        #[serde(default)]
        typed: String,
        /// Name of the kept sound, if the voice was recorded.
        #[serde(default)]
        voice: Option<String>,
    },
    /// Went on without an answer.
    Declined,
}

/// Longest typed answer, bytes.
pub const TYPED_MAX: usize = 4000;

impl Reply {
    /// The number, for a scale.
    pub fn number(&self) -> Option<f64> {
        if let Self::Number(n) = self { Some(f64::from(*n)) } else { None }
    }

    /// Whether this option or chip was chosen.
    pub fn chose(&self, option: &str) -> bool {
        match self {
            Self::Choice(c) => c == option,
            Self::Open { chips, .. } => chips.iter().any(|c| c == option),
            _ => false,
        }
    }

    /// As one word or line, for logs and lists: `7`, `tell`, `long;noise`, `declined`.
    pub fn as_text(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Choice(c) => c.clone(),
            Self::Open { chips, typed, voice } => {
                let mut parts = chips.clone();
                if !typed.is_empty() {
                    parts.push(typed.clone());
                }
                if let Some(v) = voice {
                    parts.push(format!("voice:{v}"));
                }
                parts.join("; ")
            }
            Self::Declined => "declined".to_owned(),
        }
    }
}

impl Question {
    /// Whether the reply fits the question; the reason if not.
    pub fn accepts(&self, reply: &Reply) -> Result<(), String> {
        let known = |list: &[Choice], id: &str| list.iter().any(|c| c.id == id);
        match (&self.kind, reply) {
            (_, Reply::Declined) => Ok(()),
            (QuestionKind::Scale { from, to, .. }, Reply::Number(n)) if (from..=to).contains(&n) => Ok(()),
            (QuestionKind::Scale { from, to, .. }, _) => {
                Err(format!("'{}' takes a number from {from} to {to}", self.id))
            }
            (QuestionKind::Choice(options), Reply::Choice(c)) if known(options, c) => Ok(()),
            (QuestionKind::Choice(options), _) => Err(format!(
                "'{}' takes one of: {}",
                self.id,
                options.iter().map(|o| o.id.as_str()).collect::<Vec<_>>().join(", ")
            )),
            (QuestionKind::Open { chips, voice, typed }, Reply::Open { chips: chosen, typed: text, voice: sound }) => {
                if let Some(c) = chosen.iter().find(|c| !known(chips, c)) {
                    return Err(format!("'{}' has no chip '{c}'", self.id));
                }
                if text.len() > TYPED_MAX || (!typed && !text.is_empty()) {
                    return Err(format!("'{}' takes no typed answer of {} bytes", self.id, text.len()));
                }
                if !voice && sound.is_some() {
                    return Err(format!("'{}' takes no voice", self.id));
                }
                Ok(())
            }
            (QuestionKind::Open { .. }, _) => Err(format!("'{}' takes chips, voice or typed words", self.id)),
            (QuestionKind::Note, _) => Err(format!("'{}' asks nothing; go on with Continue", self.id)),
        }
    }

    /// Its options or chips.
    pub fn options(&self) -> &[Choice] {
        match &self.kind {
            QuestionKind::Choice(c) | QuestionKind::Open { chips: c, .. } => c,
            _ => &[],
        }
    }
}
