//! The actor of one room: it holds the log's end between runs and hands over to [`turn::run`].

use std::{panic::AssertUnwindSafe, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, ArbiterHandle, AsyncContext, Context, Handler, WrapFuture,
    clock::Instant,
};
use futures_util::FutureExt;

use super::{
    Desk, Retire, Wake,
    open::Log,
    sentinel::Sentinel,
    track::Tracked,
    turn::{self, End},
};
use crate::rooms::Exit;

/// One incarnation of a room.
pub(crate) struct RoomActor {
    desk: Desk,
    sentinel: Sentinel,
    /// The log as this incarnation knows it; None before it was opened, and while a run has it.
    log: Option<Log>,
    is_running: bool,
    /// Woken while running: look once more.
    is_woken: bool,
    /// When the last run ended.
    rested_at: Instant,
    /// The one timer that looks whether the rest has been long enough: one for each run would have a busy room look after thousands.
    has_timer: bool,
}

impl RoomActor {
    /// Starts the incarnation on a room thread.
    pub(crate) fn start_on(arbiter: &ArbiterHandle, desk: Desk) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |_| Self {
            sentinel: Sentinel::new(desk.clone()),
            desk,
            log: None,
            is_running: false,
            is_woken: false,
            rested_at: Instant::now(),
            has_timer: false,
        })
    }

    fn run(&mut self, context: &mut Context<Self>) {
        self.is_running = true;
        self.is_woken = false;
        let run = turn::run(self.desk.clone(), self.log.take());
        let tracked = Tracked::new(run, self.desk.pulse.clone(), self.desk.cell.id);
        // Caught here: actix polls an actor's futures once more when it drops it, and a panicked future must not be polled.
        let caught = AssertUnwindSafe(tracked).catch_unwind();
        context.spawn(caught.into_actor(self).map(|result, actor, context| {
            actor.is_running = false;
            match result {
                Ok((log, end)) => {
                    actor.log = log;
                    actor.ended(end, context);
                }
                Err(_) => actor.end(Exit::Panic, context),
            }
        }));
    }

    fn ended(&mut self, end: End, context: &mut Context<Self>) {
        match end {
            End::Idle if self.is_woken => self.run(context),
            End::Idle => self.rest(context),
            End::Absent => {
                self.desk.cell.set_sound(&self.desk.shared);
                self.fall_asleep(context);
            }
            End::Superseded => self.end(Exit::Shutdown, context),
            End::Failed => self.end(Exit::Error, context),
        }
    }

    fn rest(&mut self, context: &mut Context<Self>) {
        let idle = self.desk.shared.options.idle;
        if idle.is_zero() && !self.has_listeners() {
            self.fall_asleep(context);
            return;
        }
        self.rested_at = Instant::now();
        if !self.has_timer {
            self.look_later(idle, context);
        }
    }

    fn look_later(&mut self, after: Duration, context: &mut Context<Self>) {
        self.has_timer = true;
        context.run_later(after, |actor, context| {
            actor.has_timer = false;
            if actor.is_running {
                return; // its end is the beginning of another rest
            }
            let left = actor.desk.shared.options.idle.saturating_sub(actor.rested_at.elapsed());
            if !left.is_zero() {
                return actor.look_later(left, context);
            }
            actor.desk.cell.set_sound(&actor.desk.shared);
            if actor.has_listeners() {
                actor.rest(context);
            } else {
                actor.fall_asleep(context);
            }
        });
    }

    fn has_listeners(&self) -> bool {
        self.desk.shared.relays.has_listeners(&self.desk.cell.channel)
    }

    /// The actor asks, the queue decides: whoever comes first, the command or the sleep, nothing is lost.
    fn fall_asleep(&mut self, context: &mut Context<Self>) {
        if self.desk.cell.fall_asleep(self.desk.permit.incarnation()) {
            self.end(Exit::Asleep, context);
        }
        // Else a command has just come, and its wake is on the way.
    }

    fn end(&self, exit: Exit, context: &mut Context<Self>) {
        self.sentinel.set(exit);
        context.terminate();
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        self.run(context);
    }
}

impl Handler<Wake> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Context<Self>) {
        if self.is_running {
            self.is_woken = true;
        } else {
            self.run(context);
        }
    }
}

impl Handler<Retire> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Retire, context: &mut Context<Self>) {
        self.end(Exit::Shutdown, context);
    }
}
