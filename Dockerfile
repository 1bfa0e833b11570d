# One node of Plenum as an image: docker build -t plenum .
# Settings come as PLENUM_… variables; what a node keeps on its own disk is in /data.

# The page at /.
FROM node:22.17.1-bookworm-slim AS page
WORKDIR /page
COPY gateway/web/package.json gateway/web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY gateway/web/ ./
RUN npm run build

# The same version as in rust-toolchain.toml.
FROM rust:1.95.0-bookworm AS build
# Otherwise rustup reads that file and fetches what only developers need.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /source
COPY . .
COPY --from=page /page/dist gateway/web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked -p gateway --bin plenum && cp target/release/plenum /plenum

FROM debian:12.12-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home plenum
COPY --from=build /plenum /usr/local/bin/plenum
USER plenum
ENV PLENUM_LISTEN=0.0.0.0:8080 PLENUM_DATA=/data
VOLUME /data
EXPOSE 8080
# Whether the process lives. Whether it takes traffic is /readyz, which a node that stands by answers with no.
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=6 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200'"]
ENTRYPOINT ["plenum"]
CMD ["serve"]
