//! The bytes of a connection, each with the process that wrote it.

use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, UnixCredentials, recvmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;

use super::challenge::Challenge;
use super::frames::{Incoming, Outgoing};

/// A socket that tells the challenge who wrote what.
pub(crate) struct Transport {
    socket: UnixStream,
    /// The attested process.
    pid: u32,
    challenge: Arc<Challenge>,
    incoming: Incoming,
    outgoing: Outgoing,
    /// What is left of a PING that was begun.
    ping: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(socket: UnixStream, pid: u32, challenge: Arc<Challenge>) -> Self {
        Self {
            socket,
            pid,
            challenge,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            ping: Vec::new(),
        }
    }

    fn look_at(&mut self, bytes: &mut [u8], writer: Option<u32>) {
        match writer {
            Some(pid) if pid == self.pid => {
                let Self {
                    incoming,
                    challenge,
                    ..
                } = self;
                incoming.read(bytes, |opaque| challenge.answered(opaque));
            }
            other => {
                // Bytes that were sent before the kernel was asked to name writers answer nothing.
                self.incoming.read(bytes, drop);
                if let Some(stranger) = other {
                    self.challenge.refuse(stranger);
                }
            }
        }
    }

    /// Writes a PING where one waits and may be put in.
    fn write_ping(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.challenge.wake_by(context.waker());
        if self.ping.is_empty()
            && self.outgoing.is_open()
            && let Some(ping) = self.challenge.take()
        {
            self.ping = ping.to_vec();
        }
        while !self.ping.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, &self.ping))?;
            self.ping.drain(..written.min(self.ping.len()));
        }
        Poll::Ready(Ok(()))
    }
}

/// Reads what one process wrote: the kernel never joins bytes of two writers.
fn receive(socket: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Option<u32>)> {
    // INVARIANT: there is room for credentials alone, so descriptors that come along are closed
    // by the kernel.
    let mut space = nix::cmsg_space!(UnixCredentials);
    let mut pieces = [IoSliceMut::new(bytes)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<UnixAddr>(socket.as_raw_fd(), &mut pieces, Some(&mut space), flags)?;
    let writer = message.cmsgs().ok().and_then(|mut found| {
        found.find_map(|control| match control {
            ControlMessageOwned::ScmCredentials(by) => u32::try_from(by.pid()).ok(),
            _ => None,
        })
    });
    Ok((message.bytes, writer.filter(|pid| *pid != 0)))
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The connection is woken for a PING through its reading side.
        if let Poll::Ready(Err(error)) = this.write_ping(context) {
            return Poll::Ready(Err(error));
        }
        loop {
            ready!(this.socket.poll_read_ready(context))?;
            let bytes = buffer.initialize_unfilled();
            let socket = &this.socket;
            match socket.try_io(Interest::READABLE, || receive(socket, bytes)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok((count, writer)) => {
                    let start = buffer.filled().len();
                    buffer.advance(count);
                    let read = buffer.filled_mut().get_mut(start..).unwrap_or_default();
                    this.look_at(read, writer);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.write_ping(context))?;
        let room = if this.challenge.waits() {
            this.outgoing.until_next().min(bytes.len())
        } else {
            bytes.len()
        };
        let piece = bytes.get(..room).unwrap_or_default();
        let written = ready!(Pin::new(&mut this.socket).poll_write(context, piece))?;
        this.outgoing
            .wrote(piece.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.write_ping(context))?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}
