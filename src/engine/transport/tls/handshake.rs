//! The handshake, until it succeeds or fails. Called by [`super::Stream::handshake`].

use std::io::{self, IoSlice};
use std::sync::Mutex;

use bytes::BytesMut;
use rustls::Connection;
use tokio::time::timeout;

use super::failure::Failure;
use super::verify::Verifier;
use super::{
    Ciphertext, Facts, READ_SIZE, Session, Settings, Side, Stream, TlsStream, WRITE_SIZE, say_why,
    take_in,
};
use crate::engine::transport::last_words;

/// Performs the handshake.
pub async fn handshake(socket: Stream, side: Side, settings: &Settings) -> io::Result<TlsStream> {
    let session = match side {
        Side::Client => {
            settings.client().map(|(tls, verifier)| (Connection::Client(tls), verifier))
        }
        Side::Server => {
            settings.server().map(|(tls, verifier)| (Connection::Server(tls), verifier))
        }
    };
    let (mut tls, verifier) = session.map_err(Failure::from)?;
    tls.set_buffer_limit(Some(WRITE_SIZE));
    let mut incoming = BytesMut::new();
    let talk = shake_hands(&socket, side, &mut tls, &mut incoming, &verifier);
    let outcome = timeout(settings.patience, talk).await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            last_words::let_read(socket);
            return Err(error);
        }
        Err(_) => {
            return Err(Failure::new("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout").into());
        }
    }
    let facts = Facts::new(&tls, &verifier);
    let session =
        Session { tls, incoming, more: true, failed: None, accepted: 0, moved: 0, turn: 0 };
    let client = side == Side::Client;
    Ok(TlsStream { socket, client, session: Mutex::new(session), facts })
}

async fn shake_hands(
    socket: &Stream,
    side: Side,
    tls: &mut Connection,
    incoming: &mut BytesMut,
    verifier: &Verifier,
) -> io::Result<()> {
    loop {
        while tls.wants_write() {
            match tls.write_tls(&mut Ciphertext(|pieces: &[IoSlice<'_>]| socket.try_write(pieces)))
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.writable().await?;
                }
                result => drop(result?),
            }
        }
        if !tls.is_handshaking() {
            return Ok(());
        }
        if incoming.is_empty() {
            socket.readable().await?;
            incoming.reserve(READ_SIZE);
            match socket.try_read(incoming) {
                Ok(0) => return Err(hung_up(side).into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                result => result?,
            };
        }
        if let Err(error) = take_in(tls, incoming) {
            say_why(socket, tls);
            let failure = match verifier.problem() {
                Some(problem) => Failure::new(problem.code(), problem.message()),
                None => error.into(),
            };
            return Err(failure.into());
        }
    }
}

fn hung_up(side: Side) -> Failure {
    let message = match side {
        Side::Client => {
            "Client network socket disconnected before secure TLS connection was established"
        }
        Side::Server => "socket hang up",
    };
    Failure::new("ECONNRESET", message)
}
