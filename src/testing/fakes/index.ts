export { fakeRoom } from "./fake-room.js";
export { handClock } from "./hand-clock.js";
export { createTestRegistry } from "./test-registry.js";

export type { FakeRoom, RoomCall } from "./fake-room.js";
export type { FakeUser, FakeView } from "./fake-view.js";
export type { HandClock } from "./hand-clock.js";
export type { TabOptions, TestRegistry, TestRegistryOptions, TestTab } from "./test-registry.js";
