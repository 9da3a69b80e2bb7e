// Who draws: the browser with WebGPU, or the server. Decided by what the browser can do and how much there is to hold.

export const PACKAGE_PATH = "/viewer/wasm/viewer_wasm_bg.wasm";

/** Of a device's memory, what the volumes of a study may take; textures and the page need the rest. */
const SHARE = 0.25;
/** What is assumed of browsers that do not say, in bytes. */
const UNKNOWN_MEMORY = 4 * 2 ** 30;
/** Values are kept as 16 bit on the processor and on the graphics unit. */
const COPIES = 2;

/**
 * Says who draws and why.
 *
 * `facts`: `{mode, isSecure, hasGpu, hasPackage, memory_bytes, study_bytes, isPhone}`; `study_bytes` null where not known.
 * Gives `{where: "local" | "remote", why}`; `why` is a word of the catalogue `drawer_why_…`.
 */
export function decide(facts) {
  const { mode, isSecure, hasGpu, hasPackage, memory_bytes, study_bytes, isPhone } = facts;
  if (mode === "remote") return { where: "remote", why: "chosen" };
  if (!isSecure) return { where: "remote", why: "insecure" };
  if (!hasGpu) return { where: "remote", why: "no_gpu" };
  if (!hasPackage) return { where: "remote", why: "no_package" };
  if (mode === "local") return { where: "local", why: "chosen" };
  if (isPhone) return { where: "remote", why: "phone" };
  const room = (memory_bytes ?? UNKNOWN_MEMORY) * SHARE;
  if (study_bytes !== null && study_bytes * COPIES > room) return { where: "remote", why: "memory" };
  return { where: "local", why: "capable" };
}

/** What can be known of this browser. */
export async function look(mode, study_bytes) {
  const facts = {
    mode,
    study_bytes,
    isSecure: window.isSecureContext,
    hasGpu: false,
    hasPackage: false,
    memory_bytes: navigator.deviceMemory ? navigator.deviceMemory * 2 ** 30 : null,
    isPhone: matchMedia("(pointer: coarse)").matches && Math.min(screen.width, screen.height) < 600,
  };
  if (mode === "remote" || !facts.isSecure) return facts;
  facts.hasGpu = Boolean(await navigator.gpu?.requestAdapter().catch(() => null));
  if (facts.hasGpu) facts.hasPackage = await fetch(PACKAGE_PATH, { method: "HEAD" }).then((answer) => answer.ok, () => false);
  return facts;
}
