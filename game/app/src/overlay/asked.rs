//! Work that takes long: begun when somebody asks, beside the frames, with progress, and stopped when they say so.

use super::widgets::mark;
use crate::now::Words;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{self, Ui};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How the work tells how far it is: of so many parts so many are done.
pub type Told<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Work that goes on.
pub struct Asked<T> {
    task: Task<T>,
    stop: Arc<AtomicBool>,
    done: Arc<[AtomicUsize; 2]>,
}

impl<T: Send + 'static> Asked<T> {
    /// Begins it. `work` looks now and then whether it is to stop, and tells how far it is.
    pub fn begin(work: impl FnOnce(&AtomicBool, Told) -> T + Send + 'static) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new([AtomicUsize::new(0), AtomicUsize::new(1)]));
        let (stopped, told) = (stop.clone(), done.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let progress = |done: usize, total: usize| {
                told[0].store(done, Ordering::Relaxed);
                told[1].store(total.max(1), Ordering::Relaxed);
            };
            work(&stopped, &progress)
        });
        Self { task, stop, done }
    }

    /// What it came to, once.
    pub fn come(&mut self) -> Option<T> {
        block_on(poll_once(&mut self.task))
    }

    /// How much is done, 0 to 1.
    fn part(&self) -> f32 {
        self.done[0].load(Ordering::Relaxed) as f32 / self.done[1].load(Ordering::Relaxed) as f32
    }
}

/// The button that begins it, or how far it is and the one that stops it. True where it is to begin.
pub fn row<T: Send + 'static>(ui: &mut Ui, words: &Words, name: &str, going: Option<&Asked<T>>) -> bool {
    ui.horizontal(|ui| match going {
        None => {
            let button = ui.button(words.get("work-out"));
            mark(ui, &format!("{name}-start"), &button);
            button.clicked()
        }
        Some(going) => {
            let button = ui.button(words.get("work-stop"));
            mark(ui, &format!("{name}-stop"), &button);
            if button.clicked() {
                going.stop.store(true, Ordering::Relaxed);
            }
            ui.add(egui::ProgressBar::new(going.part()).show_percentage());
            false
        }
    })
    .inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn work_tells_how_far_it_is_and_stops() {
        AsyncComputeTaskPool::get_or_init(Default::default);
        let mut asked = Asked::begin(|stop, told| {
            told(1, 4);
            while !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            "stopped"
        });
        let until = Instant::now() + Duration::from_secs(60);
        while asked.part() == 0.0 && Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(asked.part(), 0.25);
        assert_eq!(asked.come(), None);
        asked.stop.store(true, Ordering::Relaxed);
        let mut come = None;
        while come.is_none() && Instant::now() < until {
            come = asked.come();
        }
        assert_eq!(come, Some("stopped"));
    }
}
