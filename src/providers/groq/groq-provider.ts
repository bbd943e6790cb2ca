import { type ChatProvider, createChatProvider } from '../chat/chat-provider.ts';

/** Gives the provider that runs models at Groq, which knows them by the names that we do. */
export const createGroqProvider = (options: Omit<Parameters<typeof createChatProvider>[0], 'nameOf'>): ChatProvider =>
  createChatProvider({ ...options, nameOf: (modelId) => modelId });
