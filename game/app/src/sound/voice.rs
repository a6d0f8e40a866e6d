//! An answer by voice: said, kept as sound in the store, said again or dropped.

use super::microphone::{Microphone, SystemMicrophone};
use crate::panel::{Say, VoiceShown};
use crate::patient_mode::Play;
use bevy::prelude::Resource;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use vestibule_scenario::{KeepError, QuestionKind};

/// Longest answer, seconds.
pub const LONGEST_S: usize = 120;
/// How often what was heard is taken.
const TAKE: Duration = Duration::from_millis(10);
/// How much of the level is left after each taking: the meter falls softly.
const FALL: f32 = 0.93;

/// The voice of the open question.
#[derive(Resource)]
pub struct Voice {
    microphone: Arc<dyn Microphone>,
    recording: Option<Recording>,
    shown: VoiceShown,
}

impl Default for Voice {
    fn default() -> Self {
        Self::new(Arc::new(SystemMicrophone))
    }
}

impl Voice {
    /// Hears by this microphone; opens nothing yet.
    pub fn new(microphone: Arc<dyn Microphone>) -> Self {
        Self { microphone, recording: None, shown: VoiceShown::Idle }
    }

    /// What the panel shows of it.
    pub fn shown(&self) -> VoiceShown {
        match &self.recording {
            Some(r) => VoiceShown::Listening { seconds: r.seconds(), level: r.level() },
            None => self.shown.clone(),
        }
    }

    /// Somebody pressed.
    ///
    /// # Errors
    /// What was said could not be kept, or not be removed.
    pub fn say(&mut self, what: Say, play: &mut dyn Play) -> Result<(), KeepError> {
        match what {
            Say::Start if self.recording.is_none() && takes_voice(play) => {
                if self.microphone.there() {
                    self.recording = Some(Recording::start(Arc::clone(&self.microphone)));
                } else {
                    self.shown = VoiceShown::Missing;
                }
                Ok(())
            }
            Say::Start => Ok(()),
            Say::Stop => self.close(play),
            Say::Drop => {
                play.drop_voice()?;
                self.shown = VoiceShown::Idle;
                Ok(())
            }
        }
    }

    /// Stops listening, if it listens, and keeps what was said: on disk when this returns.
    ///
    /// # Errors
    /// It could not be kept.
    pub fn close(&mut self, play: &mut dyn Play) -> Result<(), KeepError> {
        let Some(recording) = self.recording.take() else { return Ok(()) };
        let heard = match recording.finish() {
            Ok(heard) if heard.samples.is_empty() => {
                // pressed twice at once: nothing was said; a voice kept before stays
                return Ok(());
            }
            Ok(heard) => heard,
            Err(why) => {
                bevy::log::warn!("no microphone: {why}");
                self.shown = VoiceShown::Missing;
                return Ok(());
            }
        };
        let seconds = heard.samples.len() as f32 / heard.rate_hz.max(1) as f32;
        let kept = play.keep_voice(&heard.wav());
        self.shown = if kept.is_ok() { VoiceShown::Kept { seconds } } else { VoiceShown::Failed };
        kept.map(|_| ())
    }

    /// Once a frame: two minutes are over, the microphone is gone, the person is away, or the question has closed.
    ///
    /// # Errors
    /// What was said could not be kept.
    pub fn follow(&mut self, play: &mut dyn Play, present: bool) -> Result<(), KeepError> {
        if !takes_voice(play) {
            self.recording = None; // its place is gone; whoever closed the question has closed it first
            self.shown = VoiceShown::Idle;
            return Ok(());
        }
        if self.recording.as_ref().is_some_and(|r| r.over() || !present) { self.close(play) } else { Ok(()) }
    }
}

fn takes_voice(play: &dyn Play) -> bool {
    let s = play.state();
    let open = s.panel.as_ref().is_some_and(|p| matches!(p.kind, QuestionKind::Open { voice: true, .. }));
    open && s.finished.is_none()
}

/// What a recording's thread tells.
#[derive(Default)]
struct Told {
    stop: AtomicBool,
    /// Level of the meter, 0 to 1, as bits.
    level: AtomicU32,
    frames: AtomicUsize,
    rate_hz: AtomicU32,
}

/// A microphone that listens now, on a thread of its own.
struct Recording {
    told: Arc<Told>,
    thread: Option<JoinHandle<Result<Heard, String>>>,
}

/// What was said.
struct Heard {
    rate_hz: u32,
    /// One channel.
    samples: Vec<i16>,
}

impl Recording {
    fn start(microphone: Arc<dyn Microphone>) -> Self {
        let told = Arc::new(Told::default());
        let theirs = Arc::clone(&told);
        Self { told, thread: Some(std::thread::spawn(move || record(&*microphone, &theirs))) }
    }

    fn seconds(&self) -> f32 {
        self.told.frames.load(Ordering::Relaxed) as f32 / self.told.rate_hz.load(Ordering::Relaxed).max(1) as f32
    }

    fn level(&self) -> f32 {
        f32::from_bits(self.told.level.load(Ordering::Relaxed))
    }

    fn over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn finish(mut self) -> Result<Heard, String> {
        self.told.stop.store(true, Ordering::Relaxed);
        let done = self.thread.take().map(JoinHandle::join);
        done.and_then(Result::ok).unwrap_or_else(|| Err("listening broke off".to_owned()))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.told.stop.store(true, Ordering::Relaxed); // the thread ends within a moment, and closes the microphone
    }
}

fn record(microphone: &dyn Microphone, told: &Told) -> Result<Heard, String> {
    let mut open = microphone.open()?;
    let (rate_hz, channels) = (open.rate_hz(), usize::from(open.channels().max(1)));
    told.rate_hz.store(rate_hz, Ordering::Relaxed);
    let most = LONGEST_S * rate_hz as usize;
    let mut samples: Vec<i16> = Vec::new();
    let mut new = Vec::new();
    let mut level = 0.0f32;
    loop {
        let last = told.stop.load(Ordering::Relaxed); // what came before the press is still taken
        let hears = open.read(&mut new);
        level *= FALL;
        let frames = new.len() / channels;
        for frame in new.chunks_exact(channels).take(most - samples.len()) {
            let mean = frame.iter().sum::<f32>() / channels as f32;
            level = level.max(mean.abs());
            samples.push((mean * 32768.0).round().clamp(-32768.0, 32767.0) as i16);
        }
        new.drain(..frames * channels);
        told.level.store(level.min(1.0).to_bits(), Ordering::Relaxed);
        told.frames.store(samples.len(), Ordering::Relaxed);
        if last || samples.len() >= most {
            return Ok(Heard { rate_hz, samples });
        }
        if !hears {
            let said = !samples.is_empty();
            return if said { Ok(Heard { rate_hz, samples }) } else { Err("it gives no sound".to_owned()) };
        }
        std::thread::sleep(TAKE);
    }
}

impl Heard {
    /// As a WAV file: PCM, 16 bits, one channel.
    fn wav(&self) -> Vec<u8> {
        let bytes = self.samples.len() as u32 * 2;
        let mut out = Vec::with_capacity(44 + bytes as usize);
        out.extend(b"RIFF");
        out.extend((36 + bytes).to_le_bytes());
        out.extend(b"WAVEfmt ");
        out.extend(16u32.to_le_bytes());
        for half in [1u16, 1] {
            out.extend(half.to_le_bytes()); // PCM, one channel
        }
        out.extend(self.rate_hz.to_le_bytes());
        out.extend((self.rate_hz * 2).to_le_bytes());
        for half in [2u16, 16] {
            out.extend(half.to_le_bytes());
        }
        out.extend(b"data");
        out.extend(bytes.to_le_bytes());
        self.samples.iter().for_each(|s| out.extend(s.to_le_bytes()));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::microphone::Listening;
    use super::*;
    use std::sync::Mutex;
    use vestibule_patient::Patient;
    use vestibule_record::{AnswerFilter, AnswerValue, BlobId, Key, Store, StoreError};
    use vestibule_scenario::{Action, Journey, Lang, Player, Reply, Room, Session, SessionOptions, StoreKeeper};

    /// Gives these samples in two channels, the second silent, 100 frames at a time; counts how often it is open.
    #[derive(Default)]
    struct Said {
        samples: Vec<i16>,
        endless: bool,
        missing: bool,
        open: Arc<Mutex<(usize, usize)>>,
    }

    struct Speaks {
        samples: Vec<i16>,
        at: usize,
        endless: bool,
        open: Arc<Mutex<(usize, usize)>>,
    }

    impl Microphone for Said {
        fn there(&self) -> bool {
            !self.missing
        }
        fn open(&self) -> Result<Box<dyn Listening>, String> {
            let mut open = self.open.lock().unwrap();
            *open = (open.0 + 1, open.1 + 1);
            let open = self.open.clone();
            Ok(Box::new(Speaks { samples: self.samples.clone(), at: 0, endless: self.endless, open }))
        }
    }

    impl Listening for Speaks {
        fn rate_hz(&self) -> u32 {
            8000
        }
        fn channels(&self) -> u16 {
            2
        }
        fn read(&mut self, into: &mut Vec<f32>) -> bool {
            let count = if self.endless { 400_000 } else { 100 };
            for k in self.at..self.at + count {
                let Some(s) = (if self.endless { Some(&77) } else { self.samples.get(k) }) else { break };
                into.extend([f32::from(*s) / 32768.0, f32::from(*s) / 32768.0]);
            }
            self.at += count;
            true
        }
    }

    impl Drop for Speaks {
        fn drop(&mut self) {
            self.open.lock().unwrap().0 -= 1;
        }
    }

    struct Stage {
        _folder: tempfile::TempDir,
        store: Store,
        play: Box<dyn Play>,
        voice: Voice,
        open: Arc<Mutex<(usize, usize)>>,
    }

    /// The shipped journey at its open question, kept in a store.
    fn stage(said: Said) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), &Key::raw([3; 32])).unwrap();
        store.put_patient(&Patient { id: "P".into(), synthetic: true, ..Patient::default() }).unwrap();
        let keeper =
            StoreKeeper::start(store.patient_scope("P").unwrap(), "proton-first-day", "patient", Lang::En).unwrap();
        let journey = Journey::from_ron(include_str!("../../../../scenes/journeys/proton-first-day.ron")).unwrap();
        let room = Room::from_ron(include_str!("../../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let options = SessionOptions { start: Some("anxiety-after".into()), speed: 1000.0, ..Default::default() };
        let session = Session::new(journey.into(), room.into(), Default::default(), options).unwrap();
        let mut play: Box<dyn Play> = Box::new(Player::new(session, None::<vestibule_dose::Painting>, keeper));
        for _ in 0..1000 {
            play.advance(0.1).unwrap();
            match play.state().panel.as_ref().map(|p| &p.kind) {
                Some(QuestionKind::Scale { .. }) => {
                    play.act(Action::Answer(Reply::Number(2))).unwrap();
                }
                Some(QuestionKind::Open { .. }) => break,
                _ => {}
            }
        }
        assert!(takes_voice(&*play), "the open question is reached");
        let open = said.open.clone();
        Stage { _folder: folder, store, play, voice: Voice::new(Arc::new(said)), open }
    }

    impl Stage {
        fn say(&mut self, what: Say) {
            self.voice.say(what, &mut *self.play).unwrap();
        }
        /// Says it until everything was heard.
        fn speak(&mut self, frames: usize) {
            self.say(Say::Start);
            while self.voice.recording.as_ref().is_some_and(|r| r.told.frames.load(Ordering::Relaxed) < frames) {
                std::thread::sleep(TAKE);
            }
            assert!(matches!(self.voice.shown(), VoiceShown::Listening { level, .. } if level > 0.0));
            self.say(Say::Stop);
        }
        fn answer(&mut self) {
            let reply = Reply::Open { chips: vec!["noise".into()], typed: String::new(), voice: self.play.voice() };
            self.play.act(Action::Answer(reply)).unwrap();
        }
        fn kept(&self) -> Vec<(String, AnswerValue)> {
            let all = self.store.answers(&AnswerFilter::default()).unwrap();
            all.into_iter().map(|a| (a.answer.item, a.answer.value)).filter(|a| a.0.starts_with("open")).collect()
        }
        fn sound(&self) -> i64 {
            self.play.voice().unwrap().parse().unwrap()
        }
    }

    fn some() -> Vec<i16> {
        (0..2000).map(|k| (((k * 7919) % 65536) - 32768) as i16).collect()
    }

    #[test]
    fn what_is_said_is_kept_bit_for_bit_and_the_answer_refers_to_it() {
        let mut s = stage(Said { samples: some(), ..Said::default() });
        assert_eq!(*s.open.lock().unwrap(), (0, 0), "nothing listens before somebody asks");
        s.speak(2000);
        assert_eq!(*s.open.lock().unwrap(), (0, 1), "nothing listens afterwards");
        let VoiceShown::Kept { seconds } = s.voice.shown() else { panic!("{:?}", s.voice.shown()) };
        assert!((seconds - 0.25).abs() < 1e-6);
        let sound = s.sound();
        s.answer();
        let value = AnswerValue::Sound { sound };
        assert_eq!(s.kept()[1], ("open-voice".to_owned(), value));
        let wav = s.store.blob(BlobId(sound)).unwrap();
        assert_eq!(wav, Heard { rate_hz: 8000, samples: some() }.wav());
        // and another program's reader takes it for the same samples
        let read: Vec<f32> = rodio::Decoder::new(std::io::Cursor::new(wav)).unwrap().collect();
        let back: Vec<i16> = read.iter().map(|v| (v * 32768.0).round() as i16).collect();
        assert_eq!(back, some());
    }

    #[test]
    fn said_again_replaces_and_dropped_leaves_nothing() {
        let mut s = stage(Said { samples: some(), ..Said::default() });
        s.speak(100);
        let first = s.sound();
        s.speak(2000);
        let second = s.sound();
        assert!(matches!(s.store.blob(BlobId(first)), Err(StoreError::NoSuchObject)));
        s.store.blob(BlobId(second)).unwrap();
        s.say(Say::Drop);
        assert_eq!(s.voice.shown(), VoiceShown::Idle);
        assert!(matches!(s.store.blob(BlobId(second)), Err(StoreError::NoSuchObject)));
        s.answer();
        assert_eq!(s.kept().len(), 1, "chips alone: {:?}", s.kept());
    }

    #[test]
    fn what_was_kept_counts_though_somebody_stops_the_session() {
        let mut s = stage(Said { samples: some(), ..Said::default() });
        s.speak(500);
        let sound = s.sound();
        s.play.act(Action::Pause).unwrap();
        s.voice.follow(&mut *s.play, false).unwrap();
        s.play.act(Action::Stop).unwrap();
        s.voice.follow(&mut *s.play, false).unwrap();
        assert_eq!(s.kept()[1], ("open-voice".to_owned(), AnswerValue::Sound { sound }));
        assert!(s.store.blob(BlobId(sound)).unwrap().len() > 1000);
    }

    #[test]
    fn two_minutes_are_the_most_and_who_leaves_is_not_listened_to() {
        let mut s = stage(Said { endless: true, ..Said::default() });
        s.say(Say::Start);
        while !matches!(s.voice.shown(), VoiceShown::Kept { .. }) {
            s.voice.follow(&mut *s.play, true).unwrap();
            std::thread::sleep(TAKE);
        }
        assert_eq!(s.voice.shown(), VoiceShown::Kept { seconds: LONGEST_S as f32 });
        s.say(Say::Start);
        s.voice.follow(&mut *s.play, false).unwrap();
        assert!(s.voice.recording.is_none(), "the headset is off: nothing listens");
        assert_eq!(s.open.lock().unwrap().0, 0);
    }

    #[test]
    fn without_a_microphone_the_rest_goes_on() {
        let mut s = stage(Said { missing: true, ..Said::default() });
        s.say(Say::Start);
        assert_eq!(s.voice.shown(), VoiceShown::Missing);
        s.answer();
        assert_eq!(s.kept(), [("open".to_owned(), AnswerValue::Choices(vec!["noise".into()]))]);
    }
}
