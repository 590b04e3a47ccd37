'use strict';
// A throw-away key with a certificate for 127.0.0.1, written as DER by hand and signed by node:crypto, for the
// TLS probe of the doctor: no key is shipped, and no other program has to be there. Used by doctor-probes.js.

const crypto = require('node:crypto');

const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const HOUR = 3600 * 1000;

/** A value of DER (ITU-T X.690), of less than 64 KiB. */
function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const size = content.length;
  const long = size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...(size < 0x80 ? [size] : long)), content]);
}

const sequence = (...parts) => der(0x30, ...parts);

/** A time in the years up to 2049, and GeneralizedTime from then on. */
function time(ms) {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** `{key, cert}` in PEM, for a few hours around now. */
function makeCertificate() {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('ferripc doctor')))));
  const address = sequence(der(0x87, Buffer.of(127, 0, 0, 1)));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), crypto.randomBytes(8)])),
    algorithm,
    name,
    sequence(time(now - HOUR), time(now + HOUR)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(sequence(SUBJECT_ALT_NAME, der(0x04, address)))),
  );
  const signature = Buffer.concat([Buffer.of(0), crypto.sign('sha256', body, privateKey)]);
  const base64 = sequence(body, algorithm, der(0x03, signature)).toString('base64');
  const cert = `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }), cert };
}

module.exports = { der, makeCertificate };
