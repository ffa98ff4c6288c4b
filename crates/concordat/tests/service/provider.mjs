// An OpenID provider (oidc-provider, which is certified) that issues access tokens to programs: client credentials by a
// certificate, tokens bound to it (RFC 8705); and that signs people in at a node, whoever they say they are. Arguments: the
// folder of oidc-provider, the folder of the certificates, the address of the node.
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, home, node] = process.argv.slice(2);
const entry = createRequire(`${modules}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(entry));
const file = (name) => readFileSync(`${home}/${name}`);

const server = createServer({
  key: file('server.key'),
  cert: file('server.pem'),
  ca: file('ca.pem'),
  requestCert: true,
  rejectUnauthorized: false,
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'provider-1' };
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: 'ho-node',
        grant_types: ['authorization_code'],
        redirect_uris: [`${node}/signed-in`],
        response_types: ['code'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'ES256',
        jwks: { keys: [{ ...createPublicKey(file('sign-in.pub')).export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
      },
      ...['one', 'two'].map((name) => ({
      client_id: `${name}-node`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: `CN=${name}`,
      tls_client_certificate_bound_access_tokens: true,
      id_token_signed_response_alg: 'ES256',
    })),
    ],
    clientAuthMethods: ['tls_client_auth', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256'] },
    findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => {
          const shown = ctx.socket.getPeerX509Certificate?.();
          return shown && new X509Certificate(shown.raw).toString();
        },
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_subject_dn' && ctx.socket.getPeerX509Certificate().subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, indicator) => ({
          scope: 'api',
          audience: indicator,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  const { d, ...open } = key;
  if (createPublicKey({ key: open, format: 'jwk' }).type !== 'public') throw new Error('not a public key');
  console.log(JSON.stringify({ issuer, keys: { keys: [open] } }));
  // Nobody reads the pipe any more: what the library says goes elsewhere.
  console.log = console.error;
  console.info = console.error;
});
